/**
 * A relationship that could not be ended goes on, and what a restarted primary says of its recovery point.
 *
 * @module
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { all } from "../../../../engine/core/runtime/together.ts";
import { filled, makePair, protect } from "./pair.ts";

Deno.test("replication that cannot be disabled, for the record cannot be written, goes on", () => {
  const { a, b, world } = makePair(71);
  protect(a, { frequency: SECOND });
  const before = a.call("replication status", { vm: "vm" }) as JsonObject;
  a.host.data.volume.faults.full = true;
  throws(() => a.call("replication disable", { vm: "vm" }), /space/);
  a.host.data.volume.faults.full = false;
  const after = a.call("replication status", { vm: "vm" }) as JsonObject;
  equal(after["state"], "Replicating");
  equal(after["bytesSent"], before["bytesSent"], "counters go on");
  const points = b.call("points list", { vm: "vm" }) as unknown[];
  a.write("vm/0", 0, filled(4 * KiB, 1));
  world.runUntil(world.now + 5 * SECOND);
  ok((b.call("points list", { vm: "vm" }) as unknown[]).length > points.length);
});

Deno.test("a primary that restarts and reaches nobody says since when it knows of unsent changes", () => {
  const { a, b, world } = makePair(72);
  protect(a, { frequency: SECOND });
  world.net.partition("a", "b");
  b.host.pause();
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.host.kill();
  a.start();
  world.runUntil(world.now + 8 * SECOND);
  const status = a.call("replication status", { vm: "vm" }) as JsonObject;
  ok((status["rpoSeconds"] as number) >= 7, JSON.stringify(status["rpoSeconds"]));
  ok(status["health"] !== "Normal");
});

Deno.test("a disk whose flush failed is not protected until the service was restarted", () => {
  const { a } = makePair(73);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.host.disks.get("vm.img")!.volume.faults.failFlushes = 1;
  throws(() => a.host.run(a.server!.exports.get("vm/0")!.disk.flush()));
  const enable = () => a.call("replication enable", { vm: "vm", to: "b:7700", frequency: SECOND });
  throws(enable, /cannot be protected/);
  a.host.kill();
  a.start();
  enable();
});

Deno.test("a flush that failed on a disk that is not protected fails those under way with it", () => {
  const { a } = makePair(76);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.host.disks.get("vm.img")!.volume.faults.failFlushes = 1;
  const { disk } = a.server!.exports.get("vm/0")!;
  const done: boolean[] = [];
  const flush = function* (): Task<void> {
    try {
      yield* disk.flush();
      done.push(true);
    } catch {
      done.push(false);
    }
  };
  a.host.run(all("flushes", [flush(), flush(), flush()]));
  // What the first of them lost is what the others were asked to make durable.
  deepEqual(
    done.slice(done.indexOf(false)),
    new Array(done.length - done.indexOf(false)).fill(false),
  );
  deepEqual(done.includes(false), true);
});

Deno.test("a flush that failed while protection ended fails every flush behind it", () => {
  const { a } = makePair(74);
  protect(a);
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.host.disks.get("vm.img")!.volume.faults.failFlushes = 1;
  a.call("replication disable", { vm: "vm" });
  throws(() => a.host.run(a.server!.exports.get("vm/0")!.disk.flush()), /lost/);
});

Deno.test("a flush that failed while protection began fails every flush behind it", () => {
  const { a } = makePair(75);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.host.disks.get("vm.img")!.volume.faults.failFlushes = 1;
  throws(() => a.call("replication enable", { vm: "vm", to: "b:7700", frequency: SECOND }));
  throws(() => a.host.run(a.server!.exports.get("vm/0")!.disk.flush()), /lost|flush/);
});
