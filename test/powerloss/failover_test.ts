/**
 * Power loss on a replica server that is failed over to, with the real adapters: a failover starts while
 * points are still being applied, guests write and flush on its overlays, it is cancelled; another one is
 * started, written to and completed: merged, released, recorded. Then power is lost at many moments of
 * that record, and a server opens each of what may be left (R8, R9, L5).
 *
 * @module
 */
// Long because: one life, what the outside knows of it, and how each state is judged belong together.

import assert from "node:assert/strict";
import type { GenerationId, PointId } from "../../engine/core/base/units.ts";
import { ReplicaStore } from "../../engine/core/history/replica_store.ts";
import { firstGeneration } from "../../engine/core/lineage/generation.ts";
import type { Disk } from "../../engine/core/ports/disk.ts";
import type { Folder } from "../../engine/core/ports/folder.ts";
import { replicaToJson } from "../../engine/core/replica/replica_record.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { Server } from "../../engine/core/server/server.ts";
import type { ServerSettings } from "../../engine/core/server/settings.ts";
import { PowerRecorder } from "../host/power_recorder.ts";
import {
  BLOCK,
  BLOCKS,
  checkPoints,
  contentOf,
  declaration,
  extent,
  GENERATION,
  memoryOf,
  pointId,
  SEED as SEED_ID,
  SIZE,
  SIZES,
  SMALL,
  spec,
  stage,
  written,
} from "../unit/core/history/store_model.ts";
import { Dice, idle, portsOn, run, scratch, SEED, together } from "./stage.ts";

/** Points that are staged, and not applied, when the server starts. */
const STAGED = 5;
/** Writes of each guest in each failover. */
const WRITES = 14;
/** Moments among those at which guests write; every moment of a verb comes beside them. */
const MOMENTS = 120;
/** Of these, in so many power is lost again while the first loss is being recovered from. */
const AGAIN_EVERY = 4;

const SETTINGS: ServerSettings = {
  name: "beta",
  listen: undefined,
  geometry: spec(20).geometry,
  slots: 8,
  cowSizeMax: 64 * 1024,
  history: SMALL,
};

/** A call, by the moments of the record between which it was under way. */
interface Span {
  readonly began: number;
  ended: number;
}

/** One write of a guest: what it put into a block. */
interface Write extends Span {
  readonly disk: number;
  readonly block: number;
  readonly fill: number;
}

/** A failover: which point it is of, and all that its guests did. */
interface Session {
  readonly point: PointId;
  readonly writes: Write[];
  readonly flushes: (Span & { readonly disk: number })[];
}

/** A verb of failover. */
interface Step extends Span {
  readonly verb: "start" | "cancel" | "complete";
  readonly session: Session;
}

/** What the outside knows. */
interface Facts {
  readonly contents: Map<PointId, readonly Uint8Array[]>;
  readonly steps: Step[];
  /** From when on there is a machine that everybody knows of. */
  ready: number;
}

/** How a machine may stand. */
type Standing = "replica" | "failed-over" | "completed";

const STANDING: Readonly<Record<Step["verb"], Standing>> = {
  start: "failed-over",
  cancel: "replica",
  complete: "completed",
};

/** One life of a replica server, recorded. */
class Life {
  readonly facts: Facts = { contents: new Map(), steps: [], ready: Infinity };
  readonly #recorder: PowerRecorder;
  readonly #dice: Dice;

  constructor(recorder: PowerRecorder, dice: Dice) {
    this.#recorder = recorder;
    this.#dice = dice;
  }

  *live(): Task<void> {
    yield* this.#prepare();
    this.facts.ready = this.#recorder.length;
    const server = yield* Server.start(portsOn(this.#recorder.folder), SETTINGS);
    const cancelled = yield* this.#start(server, pointId(STAGED - 1));
    yield* this.#use(server, cancelled);
    const cancel = server.replica.cancelFailover("vm");
    yield* this.#step("cancel", cancelled, cancel);
    const completed = yield* this.#start(server, pointId(STAGED));
    yield* this.#use(server, completed);
    const complete = server.replica.completeFailover("vm");
    yield* this.#step("complete", completed, complete);
    yield* server.stop();
  }

  /** A replica with a first point, and others that are staged. */
  *#prepare(): Task<void> {
    const { folder } = this.#recorder;
    const replicas = yield* folder.folder("replicas", { create: true });
    yield* folder.flush();
    const own = yield* replicas.folder("vm", { create: true });
    yield* replicas.flush();
    const store = yield* ReplicaStore.create(portsOn(folder), own, spec(20), memoryOf(true));
    yield* store.setExtra(replicaToJson({
      state: "Replicating",
      ancestry: [firstGeneration(GENERATION, "alpha")],
      failover: undefined,
      dead: [],
      primary: "alpha",
      frequency: 1_000_000,
      writer: undefined,
    }));
    const { contents } = this.facts;
    const first = this.#someExtents();
    contents.set(pointId(0), written(SIZES.map((size) => new Uint8Array(size)), first));
    yield* store.beginSeed(SEED_ID);
    for (const each of first) yield* store.seedWrite(each, contentOf(each));
    yield* store.publishSeed(declaration(pointId(0), undefined));
    for (let number = 1; number <= STAGED; number++) {
      const [parent, id] = [pointId(number - 1), pointId(number)];
      const extents = this.#someExtents();
      contents.set(id, written(contents.get(parent) ?? [], extents));
      yield* stage(store, id, parent, extents);
    }
    yield* store.close();
  }

  #someExtents() {
    return Array.from({ length: 3 + this.#dice.below(5) }, () => {
      const block = this.#dice.below(BLOCKS);
      const blocks = 1 + this.#dice.below(Math.min(6, BLOCKS - block));
      const fill = this.#dice.once(4) ? 0 : 1 + this.#dice.below(255);
      return extent(this.#dice.below(2), block, blocks, fill);
    });
  }

  *#start(server: Server, point: PointId): Task<Session> {
    const session: Session = { point, writes: [], flushes: [] };
    yield* this.#step("start", session, server.replica.startFailover("vm", point));
    return session;
  }

  *#step(verb: Step["verb"], session: Session, task: Task<unknown>): Task<void> {
    const step: Step = { verb, session, began: this.#recorder.length, ended: Infinity };
    this.facts.steps.push(step);
    yield* task;
    step.ended = this.#recorder.length;
  }

  /** Three guests, each with blocks of its own, two of them in the same clusters. */
  *#use(server: Server, session: Session): Task<void> {
    const places = [[0, 0, 12], [0, 12, BLOCKS], [1, 0, BLOCKS]] as const;
    yield* together(
      places.map(([disk, from, to]) =>
        this.#write(exported(server, disk), disk, from, to, session)
      ),
    );
    // The last ones are flushed by nobody.
    yield* this.#write(exported(server, 0), 0, 0, 12, session, 3);
  }

  *#write(
    target: Disk,
    disk: number,
    from: number,
    to: number,
    session: Session,
    writes = WRITES,
  ): Task<void> {
    const dice = this.#dice;
    for (let count = 0; count < writes; count++) {
      const first = from + dice.below(to - from);
      const blocks = 1 + dice.below(Math.min(4, to - first));
      const fill = dice.once(4) ? 0 : 1 + dice.below(255);
      const began = this.#recorder.length;
      const all = Array.from({ length: blocks }, (_, at): Write => {
        return { disk, block: first + at, fill, began, ended: Infinity };
      });
      session.writes.push(...all);
      const bytes = new Uint8Array(blocks * BLOCK).fill(fill);
      if (fill === 0) yield* target.zero(first * BLOCK, bytes.length);
      else yield* target.write(first * BLOCK, bytes);
      for (const write of all) write.ended = this.#recorder.length;
      if (dice.once(4) && writes === WRITES) {
        const flush = { disk, began: this.#recorder.length, ended: Infinity };
        session.flushes.push(flush);
        yield* target.flush();
        flush.ended = this.#recorder.length;
      }
      yield* idle(dice);
    }
  }
}

function exported(server: Server, disk: number): Disk {
  const found = server.exports.get(`vm/${disk}`)?.disk;
  assert.ok(found !== undefined, `disk ${disk} is offered to guests`);
  return found;
}

/**
 * Fails unless each block holds what it may after a loss of power at `moment`: the last write of before the
 * last flush that had returned, or a later one.
 */
function checkWritten(
  facts: Facts,
  session: Session,
  disk: number,
  found: Uint8Array,
  moment: number,
) {
  const base = facts.contents.get(session.point)?.[disk] as Uint8Array;
  const flush = session.flushes.findLast((each) => each.disk === disk && each.ended <= moment);
  for (let block = 0; block < BLOCKS; block++) {
    const [from, to] = [block * BLOCK, (block + 1) * BLOCK];
    const mine = session.writes.filter((write) => write.disk === disk && write.block === block);
    const durable = mine.findLastIndex(({ ended }) => flush !== undefined && ended <= flush.began);
    const allowed = mine.slice(Math.max(durable, 0)).filter(({ began }) => began <= moment)
      .map(({ fill }) => new Uint8Array(BLOCK).fill(fill));
    if (durable < 0) allowed.push(base.slice(from, to));
    const is = found.subarray(from, to);
    const right = allowed.some((bytes) => bytes.every((byte, at) => byte === is[at]));
    assert.ok(right, `block ${block} of disk ${disk} is ${is[0]}, ${is[8]} (R8)`);
  }
}

/** What opening finds, with everything that must hold; then it goes on as an administrator would. */
function* recovered(
  recorder: PowerRecorder,
  facts: Facts,
  moment: number,
  goOn: "cancel" | "complete" | "not",
): Task<string> {
  const { folder } = recorder;
  const server = yield* Server.start(portsOn(folder), SETTINGS);
  try {
    const machine = server.replica.machine("vm");
    assert.deepEqual(machine.troubles, [], "nothing is wrong");
    const last = facts.steps.findLast(({ began }) => began <= moment);
    const before = facts.steps.findLast(({ ended }) => ended <= moment);
    const standing = standingOf(server);
    const possible = [before, last].map((step) =>
      step === undefined ? "replica" : STANDING[step.verb]
    );
    assert.ok(possible.includes(standing), `it is ${standing}, not ${possible.join(" or ")}`);
    if (standing === "replica") yield* checkReplica(server, facts, folder);
    else {
      const { session } = last as Step;
      if (standing === "failed-over") yield* checkFailedOver(server, facts, session, moment, goOn);
      else yield* checkCompleted(server, folder, disks(facts, session, moment));
    }
    return `${standing}${last !== before ? ` in ${last?.verb}` : ""}`;
  } finally {
    yield* server.stop();
  }
}

function standingOf(server: Server): Standing {
  const { state, record } = server.replica.machine("vm");
  if (record.failover !== undefined) return "failed-over";
  return state === "FailedOver" ? "completed" : "replica";
}

/** Judges the contents of a disk. */
type Judge = (disk: number, found: Uint8Array) => void;

function disks(facts: Facts, session: Session, moment: number): Judge {
  return (disk, found) => checkWritten(facts, session, disk, found, moment);
}

/** Every point is there and as it was, nothing is left of a failover, and another one can be started. */
function* checkReplica(server: Server, facts: Facts, folder: Folder): Task<void> {
  const { store } = server.replica.machine("vm");
  yield* checkAllPoints(store, facts);
  assert.deepEqual([...store.holds], []);
  const own = yield* (yield* folder.folder("replicas")).folder("vm");
  assert.ok(!(yield* own.list()).includes("failover"), "overlays are cleared");
  const { point } = yield* server.replica.startFailover("vm", undefined);
  for (const disk of SIZES.keys()) {
    assert.deepEqual(
      yield* exported(server, disk).read(0, SIZE),
      facts.contents.get(point)?.[disk],
    );
  }
}

function* checkAllPoints(store: ReplicaStore, facts: Facts): Task<void> {
  assert.deepEqual(store.points.map(({ id }) => id), [...facts.contents.keys()]);
  yield* checkPoints(store, facts.contents, "points");
}

function* checkFailedOver(
  server: Server,
  facts: Facts,
  session: Session,
  moment: number,
  goOn: "cancel" | "complete" | "not",
): Task<void> {
  const { store, record } = server.replica.machine("vm");
  assert.equal(record.failover?.point, session.point, "the point that was chosen (I31)");
  const found: Uint8Array[] = [];
  for (const disk of SIZES.keys()) {
    const bytes = yield* exported(server, disk).read(0, SIZE);
    checkWritten(facts, session, disk, bytes, moment);
    found.push(bytes);
  }
  if (record.failover?.completing === false) yield* checkAllPoints(store, facts);
  if (goOn === "cancel") {
    yield* server.replica.cancelFailover("vm");
    yield* checkAllPoints(store, facts);
  } else if (goOn === "complete") {
    yield* server.replica.completeFailover("vm");
    const same: Judge = (disk, bytes) => assert.deepEqual(bytes, found[disk]);
    yield* checkCompleted(server, undefined, same);
  }
}

/** The disks are the machine's own: one point of the new generation, and the files hold it. */
function* checkCompleted(server: Server, folder: Folder | undefined, judge: Judge): Task<void> {
  const { store, record } = server.replica.machine("vm");
  const generation = record.ancestry[0]?.generation as GenerationId;
  assert.notEqual(generation, GENERATION);
  assert.deepEqual(store.points.map((point) => point.generation), [generation]);
  assert.ok(store.released, "the disks are let go (R9)");
  for (const [disk, file] of store.diskFiles.entries()) judge(disk, Deno.readFileSync(file));
  if (folder === undefined) return;
  const own = yield* (yield* folder.folder("replicas")).folder("vm");
  assert.ok(!(yield* own.list()).includes("failover"), "overlays are cleared");
}

/** The moments at which power is lost: all inside a verb, and some of the others. */
function momentsOf({ steps, ready }: Facts, end: number): number[] {
  const moments = steps.flatMap(({ began, ended }) =>
    Array.from({ length: ended - began + 1 }, (_, at) => began + at)
  );
  for (let at = 0; at < MOMENTS; at++) {
    moments.push(ready + Math.floor((end - ready) * (at + 0.5) / MOMENTS));
  }
  return moments;
}

Deno.test("a failover outlives power loss at any moment, on real files (R8, R9, L5)", async () => {
  const root = scratch();
  try {
    const dice = new Dice(SEED);
    const recorder = new PowerRecorder(`${root}/life`);
    const life = new Life(recorder, dice);
    await run(life.live());
    const { facts } = life;
    const kinds = new Map<string, number>();
    let twice = 0;
    const moments = momentsOf(facts, recorder.length);
    for (const [state, moment] of moments.entries()) {
      const seed = SEED + state;
      const place = `${root}/${state}`;
      const again = state % AGAIN_EVERY === 0;
      const goOn = dice.once(2) ? "cancel" : "complete";
      try {
        const after = new PowerRecorder(place, recorder.survivors(moment, seed));
        const kind = await run(recovered(after, facts, moment, again ? "not" : goOn));
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        if (again && !kind.startsWith("replica")) {
          const second = new PowerRecorder(
            `${place}-again`,
            after.survivors(dice.below(after.length + 1), seed + moments.length),
          );
          await run(recovered(second, facts, moment, goOn));
          twice++;
        }
      } catch (error) {
        const where = `POWERLOSS_SEED=${SEED}: state ${state}, ${recorder.describe(moment)}`;
        throw new Error(`${where}: ${(error as Error).stack}`);
      }
      Deno.removeSync(place, { recursive: true });
    }
    console.log(
      `${recorder.length} moments recorded, ${moments.length} states opened, ${twice} lost power twice, ` +
        JSON.stringify(Object.fromEntries([...kinds].sort())),
    );
    for (const kind of ["replica", "failed-over", "replica in cancel", "completed in complete"]) {
      assert.ok((kinds.get(kind) ?? 0) > 0, `no state was ${kind}`);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
