/**
 * The loop: order, one-shot tokens, interruption, death (E1, E2, E3).
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed, localFailure } from "../../../../engine/core/base/failure.ts";
import type { Run, Token } from "../../../../engine/core/runtime/loop.ts";
import { suspend, type Task, type Wait } from "../../../../engine/core/runtime/task.ts";
import { Door, pending, TestLoop } from "./test_loop.ts";

function error(run: Run<unknown> | Run<never> | Run<void>): Error | undefined {
  const { outcome } = run;
  return outcome?.ok === false ? outcome.error : undefined;
}

Deno.test("tasks run in the order in which they became runnable (E1)", () => {
  const bench = new TestLoop();
  const order: string[] = [];
  const doors = [new Door(), new Door(), new Door()];
  doors.forEach((door, at) =>
    bench.loop.start(
      `${at}`,
      (function* (): Task<void> {
        order.push(`start ${at}`);
        yield* door.pass();
        order.push(`end ${at}`);
      })(),
    )
  );
  bench.loop.drain();
  for (const at of [2, 0, 1]) doors[at]?.open();
  assert.deepEqual(order, ["start 0", "start 1", "start 2"]);
  bench.loop.drain();
  assert.deepEqual(order.slice(3), ["end 2", "end 0", "end 1"]);
});

Deno.test("nothing runs a task from inside another, nor from inside a resume (E1)", () => {
  const bench = new TestLoop();
  const order: string[] = [];
  const door = new Door();
  bench.start((function* (): Task<void> {
    yield* door.pass();
    order.push("waiter");
  })());
  bench.start((function* (): Task<void> {
    door.open();
    bench.loop.drain();
    order.push("opener");
    yield* new Door().pass();
  })());
  assert.deepEqual(order, ["opener", "waiter"]);
});

Deno.test("the loop asks once to be drained, however much becomes runnable", () => {
  const bench = new TestLoop();
  const doors = [new Door(), new Door()];
  for (const door of doors) bench.start(door.pass());
  const before = bench.wakes;
  for (const door of doors) door.open();
  assert.equal(bench.wakes, before + 1);
  assert.equal(bench.loop.idle, false);
  bench.loop.drain();
  assert.equal(bench.loop.idle, true);
});

Deno.test("a token works once; late and second uses do nothing (E1)", () => {
  const bench = new TestLoop();
  const door = new Door();
  const seen: unknown[] = [];
  const run = bench.start((function* (): Task<void> {
    seen.push(yield* door.pass());
    seen.push(yield* door.pass());
  })());
  const first = door.tokens[0] as Token;
  first.resume(1);
  first.resume(2);
  first.fail(new Error("late"));
  bench.loop.drain();
  first.resume(3);
  bench.loop.drain();
  assert.deepEqual(seen, [1]);
  door.open(4);
  bench.loop.drain();
  assert.deepEqual(seen, [1, 4]);
  assert.deepEqual(run.outcome, { ok: true, value: undefined });
});

Deno.test("waits that complete at once do not recurse (E1)", () => {
  const bench = new TestLoop();
  const atOnce: Wait = {
    begin: (token) => {
      token.resume(1);
      return undefined;
    },
  };
  const sum = bench.value((function* (): Task<number> {
    let total = 0;
    for (let turn = 0; turn < 100_000; turn++) total += yield* suspend<number>(atOnce);
    return total;
  })());
  assert.equal(sum, 100_000);
});

Deno.test("what begin throws is thrown in the task", () => {
  const bench = new TestLoop();
  const bad: Wait = {
    begin: () => {
      throw localFailure("io-error", "Broken", "Try again");
    },
  };
  const seen = bench.value((function* (): Task<string> {
    try {
      yield* suspend(bad);
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return "";
  })());
  assert.equal(seen, "io-error: Broken");
});

Deno.test("interrupt takes the wait back, throws cancelled there, and finally may suspend (E2)", () => {
  const bench = new TestLoop();
  const [door, cleanup] = [new Door(), new Door()];
  const steps: string[] = [];
  const run = bench.start((function* (): Task<void> {
    try {
      yield* door.pass();
    } finally {
      steps.push("cleaning");
      yield* cleanup.pass();
      steps.push("clean");
    }
  })());
  run.interrupt();
  assert.deepEqual(steps, []);
  bench.loop.drain();
  assert.equal(door.takenBack, 1);
  assert.deepEqual(steps, ["cleaning"]);
  assert.ok(pending(run));
  cleanup.open();
  bench.loop.drain();
  assert.deepEqual(steps, ["cleaning", "clean"]);
  assert.ok(isFailed(error(run), "cancelled"));
});

Deno.test("a second interrupt does not disturb the cleaning up of the first (E2)", () => {
  const bench = new TestLoop();
  const cleanup = new Door();
  let clean = false;
  const run = bench.start((function* (): Task<void> {
    try {
      yield* new Door().pass();
    } finally {
      yield* cleanup.pass();
      clean = true;
    }
  })());
  run.interrupt();
  bench.loop.drain();
  run.interrupt();
  bench.loop.drain();
  assert.equal(cleanup.takenBack, 0);
  cleanup.open();
  bench.loop.drain();
  assert.equal(clean, true);
});

Deno.test("a wait that cannot be taken back is waited for, then cancelled is thrown (E2)", () => {
  const bench = new TestLoop();
  const write = new Door(true);
  let after = false;
  const run = bench.start((function* (): Task<void> {
    yield* write.pass();
    after = true;
  })());
  run.interrupt();
  bench.loop.drain();
  assert.ok(pending(run));
  write.open();
  bench.loop.drain();
  assert.equal(after, false);
  assert.ok(isFailed(error(run), "cancelled"));
});

Deno.test("what a completed wait gave is taken back when the task is cancelled before it ran", () => {
  const bench = new TestLoop();
  const door = new Door();
  const run = bench.start(door.pass());
  door.open("a handle");
  run.interrupt();
  bench.loop.drain();
  assert.equal(door.takenBack, 1);
  assert.ok(isFailed(error(run), "cancelled"));
});

Deno.test("a wait that the task has seen the end of is never taken back", () => {
  const bench = new TestLoop();
  const [first, second] = [new Door(), new Door()];
  const run = bench.start((function* (): Task<void> {
    yield* first.pass();
    yield* second.pass();
  })());
  first.open();
  bench.loop.drain();
  run.interrupt();
  bench.loop.drain();
  assert.deepEqual([first.takenBack, second.takenBack], [0, 1]);
});

Deno.test("a task that interrupts itself is cancelled at its next wait", () => {
  const bench = new TestLoop();
  const door = new Door();
  const self: { run?: Run<void> } = {};
  self.run = bench.loop.start(
    "self",
    (function* (): Task<void> {
      self.run?.interrupt();
      yield* door.pass();
    })(),
  );
  bench.loop.drain();
  assert.ok(isFailed(error(self.run), "cancelled"));
  assert.equal(door.takenBack, 1);
});

Deno.test("a task that is cancelled before it ever ran does not run", () => {
  const bench = new TestLoop();
  let ran = false;
  const run = bench.loop.start(
    "never",
    // deno-lint-ignore require-yield
    (function* (): Task<void> {
      ran = true;
    })(),
  );
  run.interrupt();
  bench.loop.drain();
  assert.equal(ran, false);
  assert.ok(isFailed(error(run), "cancelled"));
});

Deno.test("kill drops tasks where they stand: no finally runs, nothing starts (E3)", () => {
  const bench = new TestLoop();
  const door = new Door();
  let touched = false;
  bench.start((function* (): Task<void> {
    try {
      yield* door.pass();
    } finally {
      touched = true;
    }
  })());
  bench.loop.kill();
  door.open();
  bench.start((function* (): Task<void> {
    touched = true;
    yield* door.pass();
  })());
  assert.equal(touched, false);
});

Deno.test("kill in the middle of a drain lets nobody else run (E3)", () => {
  const bench = new TestLoop();
  const order: number[] = [];
  for (const number of [1, 2]) {
    bench.loop.start(
      `${number}`,
      // deno-lint-ignore require-yield
      (function* (): Task<void> {
        order.push(number);
        bench.loop.kill();
      })(),
    );
  }
  bench.loop.drain();
  assert.deepEqual(order, [1]);
});

Deno.test("thousands of runnable tasks run in order", () => {
  const bench = new TestLoop();
  const order: number[] = [];
  for (let number = 0; number < 5000; number++) {
    bench.loop.start(
      "n",
      // deno-lint-ignore require-yield
      (function* (): Task<void> {
        order.push(number);
      })(),
    );
  }
  bench.loop.drain();
  assert.deepEqual(order, order.slice().sort((left, right) => left - right));
  assert.equal(order.length, 5000);
});
