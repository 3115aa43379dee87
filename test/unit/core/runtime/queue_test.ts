/**
 * Signals and bounded queues (E6).
 *
 * @module
 */

import assert from "node:assert/strict";
import { Queue } from "../../../../engine/core/runtime/queue.ts";
import { Signal } from "../../../../engine/core/runtime/signal.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { pending, TestLoop } from "./test_loop.ts";

Deno.test("a signal wakes those who wait at that moment, and remembers nothing", () => {
  const bench = new TestLoop();
  const signal = new Signal();
  signal.notify();
  const waits = [bench.start(signal.wait()), bench.start(signal.wait())];
  assert.ok(pending(waits[0]));
  waits[1]?.interrupt();
  signal.notify();
  bench.loop.drain();
  assert.equal(waits[0]?.outcome?.ok, true);
  assert.equal(waits[1]?.outcome?.ok, false);
});

Deno.test("until looks again at every notify, and does not wait when it need not", () => {
  const bench = new TestLoop();
  const signal = new Signal();
  let ready = false;
  const run = bench.start(signal.until(() => ready));
  signal.notify();
  bench.loop.drain();
  assert.ok(pending(run));
  ready = true;
  signal.notify();
  bench.loop.drain();
  assert.equal(run.outcome?.ok, true);
  bench.value(signal.until(() => true));
});

Deno.test("a queue holds at most its capacity and keeps the order (E6)", () => {
  const bench = new TestLoop();
  const queue = new Queue<number>(2);
  const run = bench.start((function* (): Task<void> {
    for (let item = 0; item < 10; item++) yield* queue.put(item);
    queue.close();
  })());
  assert.equal(queue.length, 2);
  assert.ok(pending(run));
  const taken = bench.value((function* (): Task<number[]> {
    const items: number[] = [];
    for (;;) {
      assert.ok(queue.length <= 2);
      const item = yield* queue.take();
      if (item === undefined) return items;
      items.push(item);
    }
  })());
  assert.deepEqual(taken, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("two takers get every item once, and a cancelled taker takes none with it", () => {
  const bench = new TestLoop();
  const queue = new Queue<string>(4);
  const [first, second] = [bench.start(queue.take()), bench.start(queue.take())];
  assert.equal(queue.tryPut("x"), true);
  first.interrupt();
  bench.loop.drain();
  assert.equal(first.outcome?.ok, false);
  assert.deepEqual(second.outcome, { ok: true, value: "x" });
});

Deno.test("a closed queue refuses, wakes those who put, and can be emptied", () => {
  const bench = new TestLoop();
  const queue = new Queue<number>(1);
  assert.equal(queue.tryPut(1), true);
  assert.equal(queue.tryPut(2), false);
  const putting = bench.start(queue.put(2));
  queue.close();
  bench.loop.drain();
  assert.deepEqual(putting.outcome, { ok: true, value: false });
  assert.equal(bench.value(queue.take()), 1);
  assert.equal(bench.value(queue.take()), undefined);
  assert.equal(queue.closed, true);
});
