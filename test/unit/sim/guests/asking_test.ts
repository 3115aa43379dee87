/**
 * A guest's request does what a generator would, however it ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed, localFailure } from "../../../../engine/core/base/failure.ts";
import type { Disk } from "../../../../engine/core/ports/disk.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { Asking } from "../../../../engine/sim/guests/asking.ts";
import { GuestConnection } from "../../../../engine/sim/guests/connection.ts";
import { Door, TestLoop } from "../../core/runtime/test_loop.ts";

/** What the disk does, and what a test does meanwhile. */
interface Case {
  readonly waits: boolean;
  readonly fails: boolean;
  readonly refuses: boolean;
  readonly stop: "never" | "connection" | "before" | "under way";
}

const BOTH = [false, true];
const STOPS = ["never", "connection", "before", "under way"] as const;

function* cases(): Generator<Case> {
  for (const waits of BOTH) {
    for (const fails of BOTH) {
      for (const stop of STOPS) yield { waits, fails, stop, refuses: false };
    }
  }
  yield { waits: false, fails: false, stop: "never", refuses: true };
}

/** A connection that tells what it is told. */
class Connection extends GuestConnection {
  readonly #log: string[];

  constructor(log: string[]) {
    super({} as Disk);
    this.#log = log;
  }

  override begin(): void {
    this.#log.push("begun");
    super.begin();
  }

  override end(): void {
    this.#log.push("ended");
    super.end();
  }
}

class Told extends Asking<number> {
  readonly #work: () => Task<number>;
  readonly #log: string[];

  constructor(connection: GuestConnection, work: () => Task<number>, log: string[]) {
    super(connection);
    this.#work = work;
    this.#log = log;
  }

  protected override ask(): Task<number> {
    return this.#work();
  }

  protected override done(value: number): void {
    this.#log.push(`done ${value}`);
  }

  protected override failed(why: string): void {
    this.#log.push(`failed: ${why}`);
  }
}

/** The same as a generator. */
function* plain(connection: GuestConnection, work: () => Task<number>, log: string[]): Task<void> {
  if (connection.stopped) return;
  try {
    let value: number;
    connection.begin();
    try {
      value = yield* work();
    } finally {
      connection.end();
    }
    log.push(`done ${value}`);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    log.push(`failed: ${error.message}`);
  }
}

/** Runs one, by hand or as a generator; everything that happened, in order. */
function play(each: Case, byHand: boolean): string[] {
  const loop = new TestLoop();
  const log: string[] = [];
  const disk = new Door();
  const connection = new Connection(log);
  const broken = localFailure("io-error", "It failed", "Replace it");
  const work = (): Task<number> => {
    log.push("asked");
    if (each.refuses) throw broken;
    return reading();
  };
  function* reading(): Task<number> {
    const value = each.waits ? yield* disk.pass<number>() : 7;
    if (each.fails) throw broken;
    return value;
  }
  const task = byHand ? new Told(connection, work, log).task : plain(connection, work, log);
  const run = loop.loop.start("request", task);
  if (each.stop === "connection") connection.stop().next();
  if (each.stop === "before") run.interrupt();
  loop.loop.drain();
  if (each.stop === "under way") run.interrupt();
  if (each.waits) disk.open(7);
  loop.loop.drain();
  const { outcome } = run;
  log.push(outcome === undefined ? "waits" : outcome.ok ? "over" : outcome.error.message);
  log.push(...loop.panics, `taken back ${disk.takenBack}`);
  return log;
}

Deno.test("a guest's request is begun, ended and heard of as by a generator, whatever becomes of it", () => {
  const seen = new Set<string>();
  for (const each of cases()) {
    const log = play(each, true);
    assert.deepEqual(log, play(each, false), JSON.stringify(each));
    assert.equal(log.includes("begun"), log.includes("ended"), JSON.stringify(each));
    for (const what of log) seen.add(what);
  }
  for (
    const what of [
      "done 7",
      "failed: io-error: It failed",
      "cancelled: The work was cancelled",
      "taken back 1",
    ]
  ) {
    assert.ok(seen.has(what), what);
  }
});
