/**
 * `all`, `within` and `endsWithin`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AssertionError } from "../../../../engine/core/base/assert.ts";
import { isFailed, localFailure } from "../../../../engine/core/base/failure.ts";
import { all, endsWithin, within } from "../../../../engine/core/runtime/together.ts";
import { done, type Task } from "../../../../engine/core/runtime/task.ts";
import { Door, pending, TestLoop } from "./test_loop.ts";

// deno-lint-ignore require-yield
function* failing(error: Error): Task<never> {
  throw error;
}

Deno.test("all gives values in the order of the tasks, whoever ends first", () => {
  const bench = new TestLoop();
  const doors = [new Door(), new Door(), new Door()];
  const run = bench.start(all("a", doors.map((door) => door.pass<number>())));
  for (const at of [2, 0, 1]) {
    doors[at]?.open(at * 10);
    bench.loop.drain();
  }
  assert.deepEqual(run.outcome, { ok: true, value: [0, 10, 20] });
  assert.deepEqual(bench.value(all("none", [])), []);
});

Deno.test("all cancels the others when one fails, waits for them, and throws the first", () => {
  const bench = new TestLoop();
  const [write, read] = [new Door(true), new Door()];
  const run = bench.start(
    all<unknown>("a", [
      write.pass(),
      read.pass(),
      failing(localFailure("io-error", "x", "Try again")),
    ]),
  );
  assert.equal(read.takenBack, 1);
  assert.ok(pending(run), "a write in flight is waited for (E2)");
  write.open();
  bench.loop.drain();
  assert.ok(run.outcome?.ok === false && isFailed(run.outcome.error, "io-error"));
});

Deno.test("all passes a cancel on and waits until every task has ended", () => {
  const bench = new TestLoop();
  const write = new Door(true);
  const cleaned: number[] = [];
  const run = bench.start(all(
    "a",
    [1, 2].map(function* (number) {
      try {
        yield* write.pass();
      } finally {
        cleaned.push(number);
      }
    }),
  ));
  run.interrupt();
  bench.loop.drain();
  assert.ok(pending(run));
  for (const token of write.tokens) token.resume();
  bench.loop.drain();
  assert.deepEqual(cleaned, [1, 2]);
  assert.ok(run.outcome?.ok === false && isFailed(run.outcome.error, "cancelled"));
});

Deno.test("a bug in one of several stops the process even while they are cancelled", () => {
  const bench = new TestLoop();
  const run = bench.start(all("both", [
    new Door().pass(),
    (function* (): Task<void> {
      try {
        yield* new Door().pass();
      } finally {
        // deno-lint-ignore no-unsafe-finally -- a bug in the cleaning up is what this test is about
        throw new AssertionError("bug");
      }
    })(),
  ]));
  run.interrupt();
  bench.loop.drain();
  assert.deepEqual(bench.panics, ["both"]);
});

Deno.test("within gives the value and ends its timer", () => {
  const bench = new TestLoop();
  const [timer, door] = [new Door(), new Door()];
  const clock = { sleep: () => timer.pass<void>() };
  const run = bench.start(within(clock, 5, "work", door.pass<string>()));
  door.open("done");
  bench.loop.drain();
  assert.deepEqual(run.outcome, { ok: true, value: "done" });
  assert.equal(timer.takenBack, 1);
});

Deno.test("within cancels late work, waits for its end and throws timed-out", () => {
  const bench = new TestLoop();
  const [timer, door, cleanup] = [new Door(), new Door(), new Door(true)];
  const clock = { sleep: () => timer.pass<void>() };
  const run = bench.start(within(
    clock,
    2_000_000,
    "work",
    (function* (): Task<void> {
      try {
        yield* door.pass();
      } finally {
        yield* cleanup.pass();
      }
    })(),
  ));
  timer.open();
  bench.loop.drain();
  assert.equal(door.takenBack, 1);
  assert.ok(pending(run));
  cleanup.open();
  bench.loop.drain();
  assert.ok(run.outcome?.ok === false && isFailed(run.outcome.error, "timed-out"));
  assert.match(run.outcome.error.message, /work took longer than 2 s/);
});

Deno.test("within keeps a value that came in spite of the cancel, and throws what work throws", () => {
  const bench = new TestLoop();
  const timer = new Door();
  const clock = { sleep: () => timer.pass<void>() };
  const kept = bench.start(within(
    clock,
    1,
    "work",
    (function* (): Task<string> {
      try {
        yield* new Door().pass();
      } catch {
        return "in time after all";
      }
      return "";
    })(),
  ));
  timer.open();
  bench.loop.drain();
  assert.deepEqual(kept.outcome, { ok: true, value: "in time after all" });
  const failed = bench.start(
    within(clock, 1, "work", failing(localFailure("damaged", "x", "Try again"))),
  );
  assert.ok(failed.outcome?.ok === false && isFailed(failed.outcome.error, "damaged"));
});

Deno.test("cleaning up after a deadline is not disturbed by a cancel from outside (E2)", () => {
  const bench = new TestLoop();
  const [timer, cleanup] = [new Door(), new Door()];
  const clock = { sleep: () => timer.pass<void>() };
  let clean = false;
  const run = bench.start(within(
    clock,
    1,
    "work",
    (function* (): Task<void> {
      try {
        yield* new Door().pass();
      } finally {
        yield* cleanup.pass();
        clean = true;
      }
    })(),
  ));
  timer.open();
  bench.loop.drain();
  run.interrupt();
  bench.loop.drain();
  assert.ok(pending(run));
  cleanup.open();
  bench.loop.drain();
  assert.equal(clean, true);
  assert.equal(run.outcome?.ok, false);
});

Deno.test("what does not end in time is left as it stands, and what ends or fails in time is heard (E2)", () => {
  const bench = new TestLoop();
  const [timer, hung] = [new Door(), new Door(true)];
  const clock = { sleep: () => timer.pass<void>() };
  const run = bench.start(endsWithin(clock, 1, "stop", hung.pass<void>()));
  assert.ok(pending(run));
  timer.open();
  bench.loop.drain();
  assert.deepEqual(run.outcome, { ok: true, value: false });
  hung.open();
  bench.loop.drain();
  const long = new Door();
  const never = { sleep: () => long.pass<void>() };
  const calm = bench.start(endsWithin(never, 1, "stop", done(undefined)));
  assert.deepEqual(calm.outcome, { ok: true, value: true });
  assert.equal(long.takenBack, 1);
  const failed = bench.start(
    endsWithin(never, 1, "stop", failing(localFailure("io-error", "It failed", "Try again"))),
  );
  assert.ok(failed.outcome?.ok === false && isFailed(failed.outcome.error, "io-error"));
});
