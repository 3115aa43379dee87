/**
 * The window of resynchronizations in local time, across midnight and in the night in which summer time begins (M45).
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { BERLIN } from "../../../../engine/sim/zone.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { protect, Site } from "./pair.ts";

/** Half a minute at the speed of the link: much more than what is in flight when it is told to stand still. */
const SIZE = 16 * MiB;
const VM = { vm: "vm" };
/** 28 March 2026, a Saturday, 12:00 UTC: 13:00 in Berlin, whose clocks go from 2:00 to 3:00 in the night. */
const NOON = Date.UTC(2026, 2, 28, 12) * 1000;
const EVENING = NOON + 5.5 * HOUR;
/** 6:00 of Sunday, by a clock that has been put forward. */
const MORNING = NOON + 16 * HOUR;
/** 18:30 of Sunday. */
const NEXT_EVENING = NOON + 28.5 * HOUR;

Deno.test("a window from 18:30 to 6:00 is an hour shorter in the night in which summer time begins (M45)", () => {
  const world = new SimWorld({ seed: 431, kernel: loadKernel() });
  const a = new Site(world, "a", { zone: BERLIN });
  const b = new Site(world, "b", { zone: BERLIN });
  for (const { host } of [a, b]) host.jumpWall(NOON - host.wall());
  a.host.addDisk("vm.img", { size: SIZE });
  a.start();
  b.start();
  protect(a, { resync: "18:30-06:00", frequency: HOUR, bandwidth: 500_000 });
  const state = () => (a.call("replication status", VM) as JsonObject)["state"];
  const begun: number[] = [];
  world.onEngineEvent.push(({ host, event }) => {
    const began = event.kind === "state" && event.to === "Resynchronizing";
    if (host === "a" && began) begun.push(a.host.wall());
  });
  const goTo = (wall: number) => world.runFor(wall - a.host.wall());
  /** Nothing is known of what changed, and all of it did. */
  const lose = () => {
    for (let at = 0; at < SIZE; at += MiB) {
      a.write("vm/0", at, world.stream(`${begun.length}/${at}`).bytes(MiB));
    }
    a.host.kill();
    a.host.logs.unlink("vm.img.hrl");
    a.start();
  };
  lose();
  goTo(EVENING - MINUTE);
  equal(state(), "WaitingForStartResynchronize", "at 18:29");
  goTo(EVENING + 5 * MINUTE);
  equal(state(), "Replicating", "it takes half a minute");
  // Within the window, when by the time of yesterday it was not 5:00 yet; and its end comes before its own.
  goTo(MORNING - 10 * SECOND);
  lose();
  world.runFor(5 * SECOND);
  equal(state(), "Resynchronizing", "at 5:59:55");
  goTo(MORNING + MINUTE);
  equal(state(), "ResynchronizeSuspended", "at 6:01, which was 5:01 yesterday");
  goTo(NEXT_EVENING - MINUTE);
  equal(state(), "ResynchronizeSuspended", "at 18:29");
  goTo(NEXT_EVENING + 5 * MINUTE);
  equal(state(), "Replicating", "at 18:35, which was 17:35 yesterday");
  const [first = 0, second = 0, third = 0] = begun;
  equal(Math.floor((first - EVENING) / MINUTE), 0, "begun in the minute in which it may");
  equal(second < MORNING, true);
  equal(Math.floor((third - NEXT_EVENING) / MINUTE), 0, "went on in the minute in which it may");
  equal(begun.length, 3);
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, SIZE), a.read("vm/0", 0, SIZE));
  equal(world.violations[0], undefined);
});
