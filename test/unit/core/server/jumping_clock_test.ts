/**
 * A replica whose wall clock jumps says how old its newest point is, and that nothing comes, as before; a primary
 * whose clock does goes on at its pace, and no point is lost or out of order for it.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DAY, HOUR, KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, status } from "./pair.ts";

Deno.test("a clock that jumps by a day either way makes no point older or younger, and hides no silence", () => {
  for (const jump of [-DAY, DAY]) {
    const { a, b, world } = makePair(341);
    protect(a, { frequency: 10 * SECOND });
    world.runFor(MINUTE);
    b.host.jumpWall(jump);
    equal(status(b)["health"], "Normal", `${jump}`);
    ok((status(b)["rpoSeconds"] as number) <= 20, `${status(b)["rpoSeconds"]} s after ${jump}`);
    a.host.kill();
    world.runFor(2 * HOUR);
    equal(status(b)["health"], "Warning", `${jump}`);
    match(JSON.stringify(status(b)["warnings"]), /No recovery point has arrived here for more/);
    equal(status(b)["objective"], "breached");
    ok((status(b)["rpoSeconds"] as number) >= 2 * 3600);
  }
});

Deno.test("a primary whose clock jumps by a day either way goes on at its pace, and no point goes (R7, I26)", () => {
  for (const jump of [-DAY, DAY]) {
    const { a, b, world } = makePair(342);
    protect(a, { frequency: 10 * SECOND, retention: "all 10m, hourly 2h" });
    world.runFor(MINUTE);
    const points = () => b.server!.replica.points("vm").map(({ id }) => id);
    const before = points();
    a.host.jumpWall(jump);
    const { health, rpoSeconds } = status(a);
    deepEqual([health, rpoSeconds], ["Normal", 0], `${jump}`);
    for (let round = 0; round < 6; round++) {
      a.write("vm/0", round * KiB, filled(KiB, round + 1));
      world.runFor(10 * SECOND);
    }
    const now = points();
    deepEqual(now.slice(0, before.length), before, "in the order of their cuts, none dropped");
    ok(now.length - before.length >= 5 && now.length - before.length <= 7, `${now.length} points`);
    // Both are started anew with the time that it is now.
    for (const site of [a, b]) {
      site.host.kill();
      site.start();
    }
    world.runFor(30 * SECOND);
    deepEqual(points().slice(0, now.length), now);
    equal(status(a)["state"], "Replicating");
    const cut = b.server!.replica.points("vm").at(-1)!.cutAt;
    ok(Math.abs(cut - a.host.wall()) < MINUTE, "points tell the time of their primary");
    const bytes = a.read("vm/0", 0, 8 * KiB);
    a.call("replication cycle", { vm: "vm" });
    b.call("failover start", { vm: "vm" });
    deepEqual(b.read("vm/0", 0, 8 * KiB), bytes);
  }
});
