/**
 * What may pass and what may be in flight: the token bucket and the send window.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { SECOND } from "../../../../engine/core/base/units.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { ChannelWindow, SendWindow } from "../../../../engine/core/wire/send_window.ts";
import { BURST_USUAL, TokenBucket } from "../../../../engine/core/wire/throttle.ts";
import { WireWorld } from "./wire_world.ts";

const SEED = 42;

Deno.test("in any window of time at most rate × window + burst bytes pass (I42)", () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 2_000_000_000 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: BURST_USUAL }), fc.nat(3 * SECOND)), {
      minLength: 1,
      maxLength: 40,
    }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: BURST_USUAL }),
    (rate, takes, senders, burst) => {
      const world = new WireWorld();
      const bucket = new TokenBucket(world.clock, rate, burst);
      const passed: { at: number; bytes: number }[] = [];
      const tasks = Array.from({ length: senders }, function* (): Task<void> {
        for (const [bytes, rest] of takes) {
          yield* bucket.take(bytes);
          passed.push({ at: world.now, bytes });
          if (rest % 3 === 0) yield* world.clock.sleep(rest);
        }
      });
      for (const task of tasks) world.scope.spawn("sender", task);
      world.runUntil(() => passed.length === senders * takes.length);
      assert.equal(passed.length, senders * takes.length, "everything passes in the end");
      for (let first = 0; first < passed.length; first++) {
        let bytes = 0;
        for (let last = first; last < passed.length; last++) {
          bytes += passed[last]!.bytes;
          const span = passed[last]!.at - passed[first]!.at;
          const most = Math.max(burst, passed[last]!.bytes);
          assert(bytes <= (rate * span) / SECOND + most + 1e-6, `${bytes} in ${span} µs`);
        }
      }
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 200 });
});

Deno.test("a busy sender gets its rate, and who is cancelled takes nothing", () => {
  const world = new WireWorld();
  const bucket = new TokenBucket(world.clock, 1_000_000);
  world.run(bucket.take(bucket.burst));
  const start = world.now;
  const given = world.scope.start("given up", bucket.take(1_000_000));
  world.run(function* (): Task<void> {
    yield* world.clock.sleep(SECOND / 2);
    yield* given.cancel();
    for (let part = 0; part < 10; part++) yield* bucket.take(100_000);
  }());
  assert.equal(world.now - start, SECOND);
});

Deno.test("the window serves in the order of asking, however large the request", () => {
  const world = new WireWorld();
  const window = new SendWindow(100);
  const served: number[] = [];
  world.run(window.take(90));
  for (const bytes of [50, 5, 60, 1]) {
    world.scope.spawn(
      "take",
      function* (): Task<void> {
        yield* window.take(bytes);
        served.push(bytes);
      }(),
    );
  }
  world.runUntil(() => true);
  assert.deepEqual(served, []);
  window.credit(50);
  world.runUntil(() => true);
  assert.deepEqual(served, [50, 5]);
  window.credit(95);
  world.runUntil(() => true);
  assert.deepEqual(served, [50, 5, 60, 1]);
});

Deno.test("a channel that ends gives back what it had, and lets nobody wait", () => {
  const world = new WireWorld();
  const window = new SendWindow(100);
  const ended = new ChannelWindow(window);
  const other = new ChannelWindow(window);
  assert.equal(world.run(ended.take(70)), true);
  assert.equal(world.run(other.take(30)), true);
  const waiting = world.scope.start("wait", ended.take(10));
  world.runUntil(() => true);
  ended.end();
  assert.equal(world.run(waiting.join()), false);
  assert.equal(window.inFlight, 30);
  ended.credit(70);
  assert.equal(window.inFlight, 30);
});
