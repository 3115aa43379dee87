/**
 * What verbs refuse and with which words, which machine they mean, and what status says meanwhile.
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect } from "./pair.ts";

const CYCLE = { vm: "vm" };

Deno.test("what is failed over is removed only after cancel or complete, and the refusal says so", () => {
  const { a, b } = makePair(16);
  protect(a);
  throws(() => a.call("vm remove", CYCLE), /it is replicated to b:7700/);
  b.call("failover start", CYCLE);
  for (const verb of ["vm remove", "replication disable"]) {
    throws(() => b.call(verb, CYCLE), (error: Failed) => {
      match(error.failure.message, /Cannot remove the replica of "vm": it is failed over/);
      match(error.failure.action, /"warmsite failover cancel vm".*"warmsite failover complete vm"/);
      return error.code === "wrong-state";
    });
  }
  b.call("failover cancel", CYCLE);
  b.call("vm remove", CYCLE);
  deepEqual(b.call("vm list"), []);
});

Deno.test("the only machine of a server need not be named, and none of several is guessed", () => {
  const { a, b } = makePair(17);
  throws(() => a.call("replication start"), /No guest's machine is on this server/);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  const enabled = a.call("replication enable", { vm: "vm", to: "b:7700" }) as JsonObject;
  match((enabled["warnings"] as string[]).join(), /start initial replication with "warmsite/);
  equal((a.call("replication start") as JsonObject)["vm"], "vm");
  equal((a.call("replication cycle") as JsonObject)["vm"], "vm");
  throws(() => b.call("replication disable"), /No guest's machine/, "points never go unnamed");
  a.host.addDisk("other.img", { size: MiB });
  a.call("vm add", { vm: "other", disks: ["other.img"] });
  throws(() => a.call("replication cycle"), /More than one machine is here/);
  throws(() => a.call("replication disable"), /More than one machine is here/);
});

Deno.test("status keeps its numbers until a relationship has ended, however long that takes", () => {
  const { a, world } = makePair(19);
  protect(a);
  a.write("vm/0", 0, filled(64 * KiB, 3));
  a.call("replication cycle", CYCLE);
  const { bytesSent, lastStaged } = a.call("replication status", CYCLE) as JsonObject;
  const ending = a.host.process!.loop.start(
    "disable",
    a.server!.call("replication disable", CYCLE),
  );
  let looked = 0;
  world.runWhile(() => {
    const status = a.server!.primary.status("vm");
    if (ending.outcome === undefined && status["state"] === "Replicating") {
      deepEqual([status["bytesSent"], status["lastStaged"]], [bytesSent, lastStaged]);
      looked++;
    }
    return ending.outcome === undefined;
  }, 60 * SECOND);
  ok(looked > 1, "somebody looked while it ended");
  equal(a.server!.primary.status("vm")["bytesSent"], 0);
});
