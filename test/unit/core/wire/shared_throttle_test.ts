/**
 * A bandwidth limit that machines share: both bounds hold, each gets its part, a change holds at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { inTurn, SharedThrottle } from "../../../../engine/core/wire/shared_throttle.ts";
import { ChangingThrottle, type Throttle } from "../../../../engine/core/wire/throttle.ts";
import { WireWorld } from "./wire_world.ts";

/** Sends frames of `size` for ever; what it has sent is counted in `sent`. */
function* sender(throttle: Throttle, size: number, sent: number[], at: number): Task<void> {
  for (;;) {
    yield* throttle.take(size);
    sent[at] = (sent[at] ?? 0) + size;
  }
}

Deno.test("machines that share a limit get the same bytes, whatever the size of their frames (I42)", () => {
  const property = fc.property(
    fc.array(fc.integer({ min: 2 * KiB, max: 64 * KiB }), { minLength: 2, maxLength: 6 }),
    fc.integer({ min: 200 * KiB, max: 1_000_000 }),
    (sizes, rate) => {
      const world = new WireWorld();
      const shared = new SharedThrottle(world.clock, rate);
      const sent = sizes.map(() => 0);
      for (const [at, size] of sizes.entries()) {
        world.scope.spawn("sender", sender(shared.flow(), size, sent, at));
      }
      const seconds = 20;
      world.run(world.clock.sleep(seconds * SECOND));
      const total = sent.reduce((sum, bytes) => sum + bytes, 0);
      const largest = Math.max(...sizes);
      const most = rate * seconds + Math.max(Math.ceil(rate / 10), largest);
      assert(total <= most, `${total} of ${most}`);
      assert(total >= rate * seconds - largest, "nothing is left unused");
      const share = total / sizes.length;
      // The first burst is whoever's comes first.
      const off = 2 * largest + rate / 10;
      for (const bytes of sent) assert(Math.abs(bytes - share) <= off, `${sent}`);
    },
  );
  fc.assert(property, { seed: 7, numRuns: 40 });
});

Deno.test("a machine's own limit and the shared one hold at once, and neither is wasted (I42)", () => {
  const world = new WireWorld();
  const shared = new SharedThrottle(world.clock, 300_000);
  const sent = [0, 0];
  const slow = new ChangingThrottle(world.clock, 50_000);
  world.scope.spawn("slow", sender(inTurn([slow, shared.flow()]), 1000, sent, 0));
  world.scope.spawn("fast", sender(shared.flow(), 1000, sent, 1));
  world.run(world.clock.sleep(10 * SECOND));
  assert(Math.abs(sent[0]! - 500_000) < 10_000, `${sent}`);
  assert(Math.abs(sent[1]! - 2_500_000) < 60_000, `${sent}`);
});

Deno.test("who was silent has saved nothing up, and a limit that changes holds at once", () => {
  const world = new WireWorld();
  const shared = new SharedThrottle(world.clock, 10_000);
  const sent = [0, 0];
  const early = world.scope.start("early", sender(shared.flow(), 1000, sent, 0));
  const late = shared.flow();
  world.run(world.clock.sleep(10 * SECOND));
  const behind = world.scope.start("late", sender(late, 1000, sent, 1));
  const before = sent[0]!;
  world.run(world.clock.sleep(10 * SECOND));
  assert(Math.abs(sent[1]! - 50_000) <= 2000, `${sent}`);
  assert(Math.abs(sent[0]! - before - 50_000) <= 2000, `${sent}`);
  for (const run of [early, behind]) world.run(run.cancel());
  // A frame that would have taken a hundred seconds goes now.
  const large = world.scope.start("large", shared.flow().take(1_000_000));
  world.run(world.clock.sleep(SECOND));
  shared.limit(1_000_000_000);
  world.run(large.join());
  assert(world.now < 23 * SECOND);
  shared.limit(0);
  const start = world.now;
  world.run(shared.flow().take(100_000_000));
  assert.equal(world.now, start);
});

Deno.test("a sender that is cancelled in line or in the bucket holds nobody up", () => {
  const world = new WireWorld();
  const shared = new SharedThrottle(world.clock, 1000);
  world.run(shared.flow().take(1000));
  const first = world.scope.start("first", shared.flow().take(100_000));
  const second = world.scope.start("second", shared.flow().take(1));
  const third = world.scope.start("third", shared.flow().take(100));
  world.run(world.clock.sleep(SECOND / 10));
  world.run(second.cancel());
  world.run(first.cancel());
  world.run(third.join());
  assert(world.now < 3 * SECOND, String(world.now));
});
