/**
 * Cuts that fail use nothing up, and a point that was staged unheard is told of by the handshake.
 *
 * @module
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { ISSUED_MAX } from "../../../../engine/core/base/limits.ts";
import { KiB, MILLISECOND, SECOND } from "../../../../engine/core/base/units.ts";
import type { Server } from "../../../../engine/core/server/server.ts";
import { filled, makePair, protect } from "../server/pair.ts";

Deno.test("gates that time out more often than a log names cuts cost no comparison of the whole disk", () => {
  const { a, b, world } = makePair(81);
  protect(a);
  const device = a.host.disks.get("vm.img")!;
  const tracked = () => (a.server as Server).primary.entry("vm").machine.tracked[0]!;
  for (let round = 0; round < ISSUED_MAX + 8; round++) {
    device.volume.faults.stalledUntil = world.now + 250 * MILLISECOND;
    const disk = (a.server as Server).exports.get("vm/0")!.disk;
    a.host.process!.scope.spawn("write", disk.write(512 * round, filled(512, round)));
    world.runUntil(world.now + 20 * MILLISECOND);
    throws(() => a.call("replication cycle", { vm: "vm" }), /no cut was made/);
    world.runUntil(world.now + 300 * MILLISECOND);
  }
  ok(tracked().issued.length <= 1, `${tracked().issued.length} points are issued`);
  a.host.kill();
  a.start();
  a.call("replication cycle", { vm: "vm" });
  equal(tracked().recovery.kind, "unclean");
  b.call("failover start", { vm: "vm" });
  equal(b.read("vm/0", 512 * 9, 512)[0], 9);
});

Deno.test("a point whose answer was lost is reported as staged once the handshake tells of it", () => {
  const { a, world } = makePair(82);
  protect(a, { frequency: SECOND });
  const cut: string[] = [];
  const staged: string[] = [];
  let armed = true;
  a.write("vm/0", 0, filled(8 * KiB, 1));
  world.onEngineEvent.push(({ host, event }) => {
    if (event.kind === "cut") cut.push(event.point);
    if (event.kind !== "staged") return;
    if (host === "a") staged.push(event.point);
    else if (armed) {
      // The replica holds the point durably, and its answer is lost.
      armed = false;
      world.net.reset("a", "b");
    }
  });
  world.runUntil(world.now + 10 * SECOND);
  ok(cut.length > 3);
  deepEqual(staged.slice(0, 3), cut.slice(0, 3));
});
