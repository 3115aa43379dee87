/**
 * Mutex and range lock: order, exclusion, cancelled waiters.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Mutex, RangeLock } from "../../../../engine/core/runtime/lock.ts";
import type { Run } from "../../../../engine/core/runtime/loop.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { Door, pending, TestLoop } from "./test_loop.ts";

Deno.test("a mutex has one holder, in the order of asking", () => {
  const bench = new TestLoop();
  const mutex = new Mutex();
  const order: number[] = [];
  const doors = [0, 1, 2].map((number) => {
    const door = new Door();
    bench.start(mutex.during((function* (): Task<void> {
      order.push(number);
      yield* door.pass();
    })()));
    return door;
  });
  assert.deepEqual(order, [0]);
  for (const door of doors) {
    door.open();
    bench.loop.drain();
  }
  assert.deepEqual(order, [0, 1, 2]);
  assert.equal(mutex.held, false);
});

Deno.test("a waiter that is cancelled loses its place, and the lock is not lost", () => {
  const bench = new TestLoop();
  const mutex = new Mutex();
  bench.value(mutex.lock());
  const waiting = bench.start(mutex.lock());
  const last = bench.start(mutex.lock());
  waiting.interrupt();
  bench.loop.drain();
  mutex.unlock();
  bench.loop.drain();
  assert.equal(last.outcome?.ok, true);
});

Deno.test("a waiter cancelled in the moment it gets the lock passes it on", () => {
  const bench = new TestLoop();
  const mutex = new Mutex();
  bench.value(mutex.lock());
  const unlucky = bench.start(mutex.lock());
  const next = bench.start(mutex.lock());
  mutex.unlock();
  unlucky.interrupt();
  bench.loop.drain();
  assert.equal(unlucky.outcome?.ok, false);
  assert.equal(next.outcome?.ok, true);
  mutex.unlock();
  assert.equal(mutex.held, false);
});

Deno.test("ranges that do not overlap never wait for each other", () => {
  const bench = new TestLoop();
  const lock = new RangeLock();
  bench.value(lock.lock(0, 10));
  bench.value(lock.lock(10, 20));
  assert.ok(pending(bench.start(lock.lock(9, 11))));
  assert.equal(bench.start(lock.lock(20, 21)).outcome?.ok, true);
});

Deno.test("who asks first for an overlapping range gets it first, also behind a waiter", () => {
  const bench = new TestLoop();
  const lock = new RangeLock();
  const held = bench.value(lock.lock(0, 2));
  const second = bench.start(lock.lock(1, 4));
  const third = bench.start(lock.lock(3, 5));
  assert.ok(pending(third), "It overlaps with one that waits");
  lock.unlock(held);
  bench.loop.drain();
  assert.equal(second.outcome?.ok, true);
  assert.ok(pending(third));
});

Deno.test("a range waiter cancelled while waiting, or as it gets the range, holds up nobody", () => {
  for (const granted of [false, true]) {
    const bench = new TestLoop();
    const lock = new RangeLock();
    const held = bench.value(lock.lock(0, 2));
    const unlucky = bench.start(lock.lock(1, 4));
    const next = bench.start(lock.lock(3, 5));
    if (granted) lock.unlock(held);
    unlucky.interrupt();
    bench.loop.drain();
    assert.equal(next.outcome?.ok, true);
    if (!granted) lock.unlock(held);
    assert.equal(bench.start(lock.lock(0, 3)).outcome?.ok, true);
  }
});

Deno.test("holds of overlapping ranges exclude each other, whatever is asked and cancelled", () => {
  const step = fc.record({
    what: fc.constantFrom("ask", "release", "cancel"),
    start: fc.nat(12),
    length: fc.integer({ min: 1, max: 5 }),
    pick: fc.nat(100),
  });
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const bench = new TestLoop();
    const lock = new RangeLock();
    const inside = new Set<{ start: number; end: number }>();
    const runs: { run: Run<void>; door: Door }[] = [];
    for (const { what, start, length, pick } of steps) {
      if (what === "ask") {
        const door = new Door();
        const run = bench.loop.start("ask", holdRange(lock, start, start + length, door, inside));
        runs.push({ run, door });
      } else if (runs.length > 0) {
        const chosen = runs[pick % runs.length];
        if (what === "release") chosen?.door.open();
        else chosen?.run.interrupt();
      }
      if (pick % 3 !== 0) bench.loop.drain();
    }
    for (let turn = 0; turn < runs.length + 1; turn++) {
      for (const { door } of runs) door.open();
      bench.loop.drain();
    }
    for (const { run } of runs) assert.ok(run.outcome !== undefined);
    assert.equal(inside.size, 0);
  });
  fc.assert(property, { seed: 42, numRuns: 300 });
});

function* holdRange(
  lock: RangeLock,
  start: number,
  end: number,
  door: Door,
  inside: Set<{ start: number; end: number }>,
): Task<void> {
  const hold = yield* lock.lock(start, end);
  const mine = { start, end };
  for (const other of inside) assert.ok(other.end <= start || end <= other.start);
  inside.add(mine);
  try {
    yield* door.pass();
  } finally {
    inside.delete(mine);
    lock.unlock(hold);
  }
}
