/**
 * A write that passes a disk of a machine does what a generator would, however it ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import { localFailure } from "../../../../engine/core/base/failure.ts";
import { type PassingPath, PassingWrite } from "../../../../engine/core/primary/passing_write.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { Door, TestLoop } from "../runtime/test_loop.ts";

/** What a disk does, and what a test does meanwhile. */
interface Case {
  readonly held: boolean;
  readonly waits: boolean;
  readonly fails: boolean;
  readonly refuses: boolean;
  readonly stop: "never" | "before" | "held" | "under way";
}

const BOTH = [false, true];

function* cases(): Generator<Case> {
  for (const held of BOTH) {
    for (const waits of BOTH) {
      for (const fails of BOTH) {
        for (const stop of ["never", "before", "held", "under way"] as const) {
          yield { held, waits, fails, stop, refuses: false };
        }
      }
    }
  }
  yield { held: false, waits: false, fails: false, stop: "never", refuses: true };
}

/** Runs one, by hand or as a generator; everything that happened, in order. */
function play(each: Case, byHand: boolean): string[] {
  const loop = new TestLoop();
  const log: string[] = [];
  const [held, disk] = [new Door(), new Door(true)];
  const broken = localFailure("io-error", "It failed", "Replace it");
  const write = (): Task<void> => {
    log.push("asked");
    if (each.refuses) throw broken;
    return work();
  };
  function* work(): Task<void> {
    if (each.waits) yield* disk.pass();
    if (each.fails) throw broken;
    log.push("written");
  }
  function* generator(): Task<void> {
    if (each.held) yield* held.pass();
    log.push("in");
    try {
      yield* write();
    } finally {
      log.push("out");
    }
  }
  const enter = (passing: PassingWrite) => {
    passing.entered = true;
    log.push("in");
  };
  function* later(passing: PassingWrite): Task<void> {
    yield* held.pass();
    enter(passing);
    yield* write();
  }
  const path: PassingPath = {
    begin: (passing) => {
      if (each.held) return later(passing);
      enter(passing);
      return write();
    },
    end: () => log.push("out"),
  };
  const hand = new PassingWrite(path, 0, new Uint8Array(1)) as unknown as Task<void>;
  const run = loop.loop.start("write", byHand ? hand : generator());
  if (each.stop === "before") run.interrupt();
  loop.loop.drain();
  if (each.stop === "held") run.interrupt();
  if (each.held) held.open();
  loop.loop.drain();
  if (each.stop === "under way") run.interrupt();
  if (each.waits) disk.open();
  loop.loop.drain();
  const { outcome } = run;
  log.push(outcome === undefined ? "waits" : outcome.ok ? "done" : outcome.error.message);
  log.push(...loop.panics, `taken back ${held.takenBack}`);
  return log;
}

Deno.test("a passing write is counted in and out as by a generator, whatever becomes of it", () => {
  let ends = new Set<string | undefined>();
  for (const each of cases()) {
    const log = play(each, true);
    assert.deepEqual(log, play(each, false), JSON.stringify(each));
    assert.equal(log.includes("in"), log.includes("out"), JSON.stringify(each));
    ends = ends.add(log.at(-2));
  }
  assert.deepEqual([...ends].sort(), [
    "cancelled: The work was cancelled",
    "done",
    "io-error: It failed",
  ]);
});
