/**
 * A replica server that is started on yesterday's state of a machine (R8, R9, R11): a failover that is in
 * force stays so, with what its guest wrote; one that was completed is not taken back; points are read
 * once the disks were compared.
 *
 * @module
 */

import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

/** Both copies of the state at the replica. */
function stateNodes({ host }: Site): FileNode[] {
  let folder = host.data;
  for (const name of ["replicas", "vm"]) folder = folder.entries.get(name) as Directory;
  return ["state.0", "state.1"].map((name) => folder.entries.get(name) as FileNode);
}

/** Copies the state as it is; the result kills the server, puts it back and starts the server again. */
function backup(site: Site): () => void {
  const kept = stateNodes(site).map(({ sectors }) => sectors.read(0, sectors.length));
  return () => {
    site.host.kill();
    for (const [index, node] of stateNodes(site).entries()) {
      node.sectors.damage(0, kept[index] as Uint8Array);
    }
    site.start();
  };
}

function status(site: Site): JsonObject {
  return site.call("replication status", VM) as JsonObject;
}

function points(site: Site): JsonObject[] {
  return site.call("points list", VM) as JsonObject[];
}

Deno.test("a failover that is in force is taken up by a state from before it (R8)", () => {
  const { a, b, world } = makePair(31);
  protect(a);
  a.write("vm/0", 0, filled(4096, 1));
  const { point } = a.call("replication cycle", VM) as { point: string };
  const putBack = backup(b);
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(512, 9));
  b.host.run(b.server!.exports.get("vm/0")!.disk.flush());
  putBack();
  equal(status(b)["state"], "FailedOverWaitingCompletion");
  deepEqual(b.read("vm/0", 0, 512), filled(512, 9));
  deepEqual(b.read("vm/0", 512, 512), filled(512, 1));
  throws(() => a.call("replication cycle", VM), /failed over/);
  world.runFor(SECOND);
  b.call("failover complete", VM);
  equal(status(b)["state"], "FailedOver");
  ok(points(b).every(({ id }) => id !== point), "only what the machine is now is left");
});

Deno.test("a failover that was cancelled stays so, and one that never began is no failover (R8)", () => {
  const { a, b } = makePair(32);
  protect(a);
  b.call("failover start", VM);
  b.call("failover cancel", VM);
  b.host.kill();
  b.start();
  equal(status(b)["state"], "Replicating");
  a.write("vm/0", 0, filled(4096, 1));
  a.call("replication cycle", VM);
});

Deno.test("a failover that was cancelled is not in force again by a state from before that (R8)", () => {
  const { a, b } = makePair(35);
  protect(a);
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(512, 9));
  const putBack = backup(b);
  b.call("failover cancel", VM);
  putBack();
  equal(status(b)["state"], "Replicating");
  a.write("vm/0", 0, filled(4096, 1));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, 512), filled(512, 1));
});

Deno.test("a state from before a completed failover takes nothing back and accepts nothing (R8, L7)", () => {
  const { a, b, world } = makePair(33);
  protect(a);
  const putBack = backup(b);
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(512, 9));
  b.call("failover complete", VM);
  putBack();
  world.runFor(SECOND);
  const { health, warnings } = status(b);
  equal(health, "Critical");
  match((warnings as string[]).join(), /older than a failover/);
  throws(() => b.call("failover start", VM), /older than a failover/);
});

Deno.test("a completed failover in which nothing was written is not cancelled by a state from amid it (R8, L7)", () => {
  const { a, b, world } = makePair(36);
  protect(a);
  b.call("failover start", VM);
  const putBack = backup(b);
  b.call("failover complete", VM);
  putBack();
  match(JSON.stringify(status(b)), /older than a failover/);
  // Until it knows that the connection is of a server that died.
  world.runFor(10 * SECOND);
  a.write("vm/0", 0, filled(4096, 1));
  // Until the primary has noticed that its connection is gone.
  world.runFor(SECOND);
  throws(() => a.call("replication cycle", VM), /older than a failover/);
  world.runFor(SECOND);
  notEqual(status(a)["health"], "Normal");
});

Deno.test("points of suspect disks are read once these were compared, or on somebody's word (R9)", () => {
  const { a, b, world } = makePair(34);
  protect(a);
  const putBack = backup(b);
  a.write("vm/0", 64 * KiB, filled(4096, 3));
  const { point } = a.call("replication cycle", VM) as { point: string };
  world.runFor(SECOND);
  ok(points(b).at(-1)?.["applied"]);
  putBack();
  ok(points(b).every(({ unverified }) => unverified));
  throws(() => b.call("failover start", VM), /--unverified|being compared/);
  const started = b.call("failover start", { ...VM, unverified: true }) as JsonObject;
  equal(started["point"], point);
  b.call("failover cancel", VM);
  world.runFor(5 * SECOND);
  deepEqual(points(b).map(({ broken }) => broken), points(b).map(() => null));
  equal((b.call("failover start", VM) as JsonObject)["unverified"], false);
  deepEqual(b.read("vm/0", 64 * KiB, 4096), filled(4096, 3));
});
