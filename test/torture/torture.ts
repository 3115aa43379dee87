/**
 * One run of torture with real processes: both servers are killed with SIGKILL, again and again,
 * inside every phase, while a guest writes; afterwards every point that the replica lists must be one
 * moment of what the guest had logged.
 *
 * No digest, no cut and no time of the engine is believed: an image is judged by the writer's own log
 * (`write_log.ts`). What is believed of the engine is which phase it died in (`kills.ts`).
 *
 * @module
 */
// Long because: what a run does and what it must find at each step are one story.

import assert from "node:assert/strict";
import {
  KillCount,
  killInApply,
  killInCycle,
  killInRecovery,
  killPrimaryInSeed,
  killReplicaInSeed,
  type Phase,
} from "./kills.ts";
import { listPoints, readImage, readPoint } from "./points.ts";
import { BLOCK } from "./stamp.ts";
import { pause, type Role, Theatre, VM } from "./theatre.ts";

/** Blocks of the disk, 64 MiB. */
export const BLOCKS = 16_384;
/** How many of them, the first ones, are not a hole at first. */
export const STAMPED = 10_240;
/** Bytes of a copy of the disk, as far as it is no hole. */
const COPY = STAMPED * BLOCK;
/** Writes that were under way while a cycle was asked for, bytes. */
const SLACK = 2 * 1024 * 1024;
/** Blocks that travel together where a comparison has found that they differ, 64 KiB. */
const LEAF = 16;
/** Kills that must be reached. */
export const WANTED = { total: 50, cycle: 15, apply: 15, seed: 5, recovery: 5 };
/** Rounds after which it is given up to hit a phase. */
const TRIES_MAX = 60;
/** Rounds between two looks at the points. */
const LOOK_EVERY = 8;
/** How long the guest writes before each kill, ms. */
const WRITING = 250;

/** Chooses what chance chooses here; the schedule of a real machine remains its own. */
export const SEED = Number(
  Deno.env.get("TORTURE_SEED") ?? 1 + Math.floor(Math.random() * 0x7fffffff),
);

/** A source of numbers that the seed decides. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One run. */
export class Torture {
  readonly theatre: Theatre;
  readonly kills = new KillCount();
  readonly random = randomFrom(SEED);
  readonly began = performance.now();
  /** Images by point, of all points ever read. */
  readonly images = new Map<string, Int32Array>();
  /** When a point was first listed, ms: nothing issued after it can be inside. */
  readonly listedAt = new Map<string, number>();
  readonly problems: string[] = [];
  looks = 0;
  reads = 0;
  /** Bytes that may have travelled at most, by what the guest wrote, and the same as it was. */
  bound = 0;
  /** Writes issued when the newest acknowledged cycle was asked for. */
  #settledSeq = 0;
  #killsSince = 0;
  /** The same as `#settledSeq`, one acknowledged cycle earlier. */
  #earlierSeq = 0;
  /** Attempts before this one were judged; none is before the disk was copied once. */
  #judged: number | undefined;
  /**
   * Of the attempts since the first point: how many, how many of them compared, how many were larger than the
   * blocks written, the largest, and the least that a copy is more than one was allowed, bytes.
   */
  readonly attempts = { count: 0, compared: 0, wholeLeaves: 0, largest: 0, narrowest: Infinity };

  constructor(theatre: Theatre) {
    this.theatre = theatre;
  }

  tell(text: string): void {
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1).padStart(6);
    console.log(`[${seconds} s] ${text}`);
  }

  /** Counts a kill and starts what was killed again. */
  async killed(phase: Phase, role: Role): Promise<void> {
    this.kills.add(phase);
    this.#killsSince++;
    await this.theatre.start(role);
  }

  /** A cycle that returns. What may have travelled since the one before is bounded by the log. */
  async settle(): Promise<void> {
    const { log } = this.theatre;
    const asked = log.writes.length;
    await this.theatre.cycleAtLast();
    // Each attempt sends a changed block once (C6): those that died, the one that each start makes by
    // itself, and this one.
    this.bound += log.bytesSince(this.#settledSeq, BLOCK) * (this.#killsSince + 2);
    this.#judgeAttempts();
    this.#earlierSeq = this.#settledSeq;
    this.#settledSeq = asked;
    this.#killsSince = 0;
  }

  /**
   * Each attempt on its own: it sends no block that the guest did not write since the cycle before the
   * last acknowledged one was asked for. So a single copy of the disk is too much, after whatever kill.
   *
   * Behind a kill of the primary its log names regions, not blocks: until the first delta of the new process
   * is staged, they are compared by digest. Digests of single blocks have a small budget, and once it is spent
   * each leaf that differs travels whole. One written block may then cost a leaf, never more.
   */
  #judgeAttempts(): void {
    if (this.#judged === undefined) return;
    const { log } = this.theatre;
    const known = log.bytesSince(this.#earlierSeq, BLOCK) + SLACK;
    const compared = log.bytesSince(this.#earlierSeq, BLOCK, LEAF) + SLACK;
    const attempts = this.theatre.attempts();
    for (const [at, { bytes, compares }] of attempts.entries()) {
      if (at < this.#judged) continue;
      const allowed = compares ? compared : known;
      if (bytes > allowed) {
        const what = compares ? "in leaves that were written to" : "written";
        this.problems.push(`a cut sent ${bytes} bytes of ${allowed} ${what}`);
      }
      // The last one is looked at again, and counted then.
      const counts = bytes > 0 && at < attempts.length - 1;
      if (counts) this.attempts.count++;
      if (counts && compares) this.attempts.compared++;
      if (counts && bytes > known) this.attempts.wholeLeaves++;
      this.attempts.largest = Math.max(this.attempts.largest, bytes);
      this.attempts.narrowest = Math.min(this.attempts.narrowest, COPY - allowed);
    }
    // What the last one sends after this moment is judged the next time.
    this.#judged = Math.max(0, attempts.length - 1);
  }

  /** Kills in initial replication, until there were enough and it is done. */
  async seed(): Promise<void> {
    const { theatre } = this;
    await theatre.protect();
    for (let round = 0; round < WANTED.seed + 1; round++) {
      const ofPrimary = round % 2 === 0;
      const sent = 1 + this.random(12);
      const phase = ofPrimary
        ? await killPrimaryInSeed(theatre, sent)
        : await killReplicaInSeed(theatre, sent);
      await this.killed(phase, ofPrimary ? "primary" : "replica");
      if (!ofPrimary) await this.wake();
    }
    await theatre.replicated();
    this.tell(`initial replication done, ${mib(theatre.bytesSent())} MiB sent`);
    await this.settle();
    // From here on nothing but changes may travel.
    this.bound = 0;
    this.#judged = theatre.attempts().length - 1;
    this.#earlierSeq = this.#settledSeq;
  }

  /** Has the primary try again at once what failed because the replica was away. */
  async wake(): Promise<void> {
    await this.theatre.server("primary").call("replication start", { vm: VM }).catch(() => {});
  }

  async cycleRound(): Promise<void> {
    this.theatre.relay.rate = this.random(3) === 0 ? 24 * 1024 * 1024 : undefined;
    const phase = await killInCycle(
      this.theatre,
      this.random(200),
      this.random(3) * this.random(8),
    );
    if (this.random(5) === 0) await this.recoveryKill("primary");
    this.theatre.relay.rate = undefined;
    await this.killed(phase, "primary");
  }

  async applyRound(): Promise<void> {
    const phase = await killInApply(
      this.theatre,
      this.random(4) * this.random(10),
      this.random(2) === 0,
    );
    if (this.random(5) === 0) await this.recoveryKill("replica");
    await this.killed(phase, "replica");
  }

  /** Both at once, wherever they are. */
  async bothRound(): Promise<void> {
    const { theatre } = this;
    const cycle = theatre.cycle();
    await pause(this.random(120));
    await Promise.all([theatre.kill("primary"), theatre.kill("replica")]);
    await cycle;
    this.kills.add("elsewhere");
    await theatre.start("replica");
    await this.killed("elsewhere", "primary");
  }

  /** Kills a server that is down already while it starts: once more, before it is ready. */
  async recoveryKill(role: Role): Promise<void> {
    this.kills.add(await killInRecovery(this.theatre, role, this.random(6)));
    this.#killsSince++;
  }

  /** Whether a phase was hit often enough. */
  missing(): { cycle: boolean; apply: boolean; recovery: boolean; total: boolean } {
    const count = (word: string) => this.kills.of((phase) => phase.startsWith(word));
    return {
      cycle: count("cycle") < WANTED.cycle,
      apply: count("apply") < WANTED.apply,
      recovery: count("recovery") < WANTED.recovery,
      total: this.kills.total < WANTED.total,
    };
  }

  async rounds(): Promise<void> {
    for (let round = 1; round <= TRIES_MAX; round++) {
      const missing = this.missing();
      if (!missing.cycle && !missing.apply && !missing.recovery && !missing.total) return;
      await pause(WRITING);
      if (round % 9 === 0 || (!missing.cycle && !missing.apply)) {
        if (missing.recovery) await this.forceRecovery();
        else await this.bothRound();
      } else if (missing.cycle && (round % 2 === 0 || !missing.apply)) await this.cycleRound();
      else await this.applyRound();
      await this.settle();
      if (round % LOOK_EVERY === 0) await this.look(false);
    }
  }

  async forceRecovery(): Promise<void> {
    const role = this.random(2) === 0 ? "primary" : "replica";
    await this.theatre.kill(role);
    this.kills.add("elsewhere");
    await this.recoveryKill(role);
    await this.theatre.start(role);
  }

  /** Reads points that were not read yet, or all, and judges them; and the primary's disk. */
  async look(all: boolean): Promise<void> {
    const { theatre } = this;
    this.looks++;
    const replica = theatre.server("replica");
    const points = await listPoints(replica, VM);
    const now = performance.now();
    for (const { id } of points) if (!this.listedAt.has(id)) this.listedAt.set(id, now);
    this.expectPromised(points.map(({ id }) => id));
    const again = this.random(Math.max(1, points.length));
    let from: Int32Array | undefined;
    for (const [place, { id, broken }] of points.entries()) {
      if (broken !== "") this.problems.push(`point ${id} is broken: ${broken}`);
      if (all || place === again || !this.images.has(id)) {
        const found = await readPoint(replica, VM, id, theatre.uri("replica"));
        if (found === undefined) continue;
        this.reads++;
        const before = this.images.get(id);
        if (before !== undefined && !same(before, found)) {
          this.problems.push(`point ${id} changed after it was listed`);
        }
        this.images.set(id, found);
      }
      this.judge(id, from);
      from = this.images.get(id);
    }
    this.tell(`look ${this.looks}: ${points.length} points, ${this.problems.length} problems`);
  }

  judge(id: string, from: Int32Array | undefined): void {
    const found = this.images.get(id);
    if (found === undefined) return;
    const promised = this.theatre.promised.find(({ point }) => point === id);
    const { problems } = this.theatre.log.judge(found, {
      before: promised?.returnedAt ?? this.listedAt.get(id) ?? Infinity,
      ...(promised === undefined ? {} : { after: promised.askedAt }),
      ...(from === undefined ? {} : { from }),
    });
    for (const problem of problems) this.problems.push(`point ${id}: ${problem}`);
  }

  /** A point that a cycle returned is listed, unless twenty newer ones pushed it out. */
  expectPromised(listed: readonly string[]): void {
    const kept = new Set(listed);
    const { promised } = this.theatre;
    const first = promised.findIndex(({ point }) => kept.has(point));
    if (first < 0) this.problems.push("no point of any returned cycle is listed");
    for (const { point } of promised.slice(Math.max(first, 0))) {
      if (!kept.has(point)) this.problems.push(`the point ${point} of a returned cycle is gone`);
    }
  }

  /** The guest stops; its disk, the newest point and the log must then agree to the last write. */
  async end(): Promise<void> {
    const { theatre } = this;
    await theatre.writer.stop();
    const disk = await readImage(theatre.uri("primary"));
    const own = theatre.log.judge(disk, { after: performance.now() });
    for (const problem of own.problems) this.problems.push(`the primary's disk: ${problem}`);
    const { point } = await theatre.cycleAtLast();
    await this.look(true);
    const newest = this.images.get(point);
    if (newest === undefined || !same(newest, disk)) {
      this.problems.push("the last point is not the primary's disk");
    }
    assert.deepEqual(await theatre.stop(), [0, 0], "both servers stop in order");
  }

  print(sentAfterSeed: number): void {
    const { theatre } = this;
    const acked = theatre.log.writes.filter(({ ackedAt }) => ackedAt !== undefined).length;
    const rows: (readonly [string, string | number])[] = [
      ...this.kills.rows().map(([phase, count]) => [`kills: ${phase}`, count] as const),
      ["kills: all", this.kills.total],
      ["writes acknowledged", acked],
      ["writes without a reply", theatre.log.writes.length - acked],
      ["connections of the guest", theatre.writer.reconnects],
      ["cycles that returned", theatre.promised.length],
      ["images of points read", this.reads],
      ["MiB of blocks sent after the first point", mib(sentAfterSeed)],
      ["MiB at most by the guest's writes", mib(this.bound)],
      ["cuts that sent something", this.attempts.count],
      ["of them behind a kill of the primary", this.attempts.compared],
      ["of these more than the blocks written", this.attempts.wholeLeaves],
      ["MiB of the largest", mib(this.attempts.largest)],
      ["MiB that a copy is more than any was allowed", mib(this.attempts.narrowest)],
      ["MiB on the wire in all, both ways", mib(theatre.relay.forward + theatre.relay.backward)],
      ["seconds", ((performance.now() - this.began) / 1000).toFixed(0)],
    ];
    for (const [name, value] of rows) console.log(`  ${name.padEnd(44)} ${value}`);
  }
}

function same(left: Int32Array, right: Int32Array): boolean {
  return left.length === right.length && left.every((value, at) => value === right[at]);
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
