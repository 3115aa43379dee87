/**
 * A machine whose disk is not there when its server starts is opened as soon as it is, and not before.
 *
 * @module
 */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { filled, makePair, protect, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const offered = (site: Site) => site.server?.exports.list() ?? [];

/** The machine is protected, and its server started while its disk is not there. */
function withoutDisk(seed: number) {
  const pair = makePair(seed);
  const { a } = pair;
  protect(a, { frequency: 10 * SECOND });
  a.write("vm/0", 0, filled(KiB, 3));
  a.host.kill();
  const disk = a.host.disks.get("vm.img");
  a.host.disks.delete("vm.img");
  a.start();
  equal(status(a)["health"], "Critical");
  const attach = () => disk !== undefined && a.host.disks.set("vm.img", disk);
  return { ...pair, attach };
}

Deno.test("a disk that comes after the start brings its machine back, served and replicated", () => {
  const { a, b, world, attach } = withoutDisk(351);
  match(
    (status(a)["warnings"] as string[]).join(),
    /vm\.img.*opened by itself once that is mended/,
  );
  world.runFor(5 * MINUTE);
  deepEqual(offered(a), []);
  attach();
  world.runFor(30 * SECOND);
  deepEqual(offered(a), ["vm/0"]);
  a.call("replication cycle", VM);
  equal(status(a)["state"], "Replicating");
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, KiB)[0], 3);
});

Deno.test("its replica is asked first: a machine that runs there meanwhile is not served (L6)", () => {
  const { a, b, world, attach } = withoutDisk(352);
  b.call("failover start", VM);
  attach();
  world.runFor(30 * SECOND);
  deepEqual(offered(a), []);
  match((status(a)["warnings"] as string[]).join(), /is not served here: it runs at/);
  b.call("failover cancel", VM);
  world.runFor(10 * MINUTE);
  deepEqual(offered(a), ["vm/0"]);
});

Deno.test("a replicated machine that cannot be opened is not removed by a slip, and goes on when its disk is back", () => {
  const { a, b, world, attach } = withoutDisk(354);
  throws(() => a.call("vm remove", VM), ({ code, failure: { message, action } }: Failed) => {
    match(message, /Cannot remove "vm": it is replicated, and cannot be opened now: .*vm\.img/);
    match(action, /"warmsite vm remove vm --force"/);
    return code === "wrong-state";
  });
  equal(status(a)["health"], "Critical", "it is here as before");
  attach();
  world.runFor(30 * SECOND);
  deepEqual(offered(a), ["vm/0"]);
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, KiB)[0], 3);
});

Deno.test("one that is not replicated is removed while it cannot be opened, without force", () => {
  const { a } = makePair(355);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.host.kill();
  a.host.disks.delete("vm.img");
  a.start();
  equal(status(a)["health"], "Critical");
  a.call("vm remove", VM);
  deepEqual(a.call("vm list"), []);
});

Deno.test("a machine whose record is damaged is removed by force alone", () => {
  const { a } = makePair(356);
  protect(a);
  a.host.kill();
  const machines = a.host.data.entries.get("machines") as Directory;
  const own = machines.entries.get("vm") as Directory;
  (own.entries.get("machine.json") as FileNode).sectors.damage(20, filled(4, 0xff));
  a.start();
  throws(() => a.call("vm remove", VM), /nobody can read whether it is replicated/);
  a.call("vm remove", { ...VM, force: true });
  deepEqual(a.call("vm list"), []);
});

Deno.test("a machine that is removed while it cannot be opened does not come back", () => {
  const { a, world, attach } = withoutDisk(353);
  a.call("vm remove", { ...VM, force: true });
  attach();
  world.runFor(MINUTE);
  deepEqual(a.call("vm list") as JsonObject[], []);
  throws(() => status(a), /No machine "vm"/);
  deepEqual(offered(a), []);
});
