/**
 * What the machines of one server share when they send: places for large transfers, and limits by address.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { Outgoing } from "../../../../engine/core/primary/outgoing.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { WireWorld } from "../wire/wire_world.ts";

const NONE = { bandwidth: 0, bandwidthTo: {}, transfersMax: 0 };

Deno.test("so many transfers go on at once and no more, in the order of asking", () => {
  const world = new WireWorld();
  const outgoing = new Outgoing(world.clock);
  outgoing.limit({ ...NONE, transfersMax: 2 });
  const began: number[] = [];
  let now = 0;
  let most = 0;
  function* work(n: number): Task<void> {
    began.push(n);
    most = Math.max(most, ++now);
    try {
      yield* world.clock.sleep((n + 1) * SECOND);
    } finally {
      now--;
    }
  }
  const runs = [0, 1, 2, 3, 4].map((n) => world.scope.start("move", outgoing.transfer(work(n))));
  world.run(world.clock.sleep(SECOND / 2));
  assert.deepEqual(began, [0, 1]);
  world.run(runs[2]!.cancel());
  world.run(runs[0]!.cancel());
  world.run(world.clock.sleep(SECOND / 2));
  assert.deepEqual(began, [0, 1, 3], "one that is cancelled gives its place to the next");
  outgoing.limit({ ...NONE, transfersMax: 3 });
  world.run(world.clock.sleep(SECOND / 100));
  assert.deepEqual(began, [0, 1, 3, 4], "a higher limit holds at once");
  world.run(runs[4]!.join());
  assert.equal(most, 3);
});

Deno.test("a limit by address holds for that address, and one for all for all", () => {
  const world = new WireWorld();
  const outgoing = new Outgoing(world.clock);
  outgoing.limit({ ...NONE, bandwidthTo: { "b:1": 1000 } });
  const time = (address: string, bytes: number) => {
    const start = world.now;
    world.run(outgoing.flow(address).take(bytes));
    return world.now - start;
  };
  assert.equal(time("c:1", 1_000_000), 0);
  time("b:1", 100);
  assert(time("b:1", 100) >= SECOND / 10);
  outgoing.limit({ ...NONE, bandwidth: 1000 });
  time("b:1", 100);
  assert(time("c:1", 100) >= SECOND / 10);
  outgoing.limit(NONE);
  assert.equal(time("b:1", 1_000_000), 0);
});
