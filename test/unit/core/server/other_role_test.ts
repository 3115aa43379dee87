/**
 * Who asks the wrong one of two servers is told which one is right.
 *
 * @module
 */

import { match } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { makePair, protect, type Site } from "./pair.ts";

function refused(site: Site, verb: string, args: JsonObject): string {
  try {
    site.call(verb, args);
  } catch (error) {
    if (!isFailed(error)) throw error;
    return `${error.code}: ${error.failure.message}. ${error.failure.action}`;
  }
  throw new Error(`"${verb}" was done`);
}

Deno.test("on the wrong side every verb names the side that it is for", () => {
  const { a, b } = makePair(311);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  match(refused(a, "points list", { vm: "vm" }), /has no replica: "warmsite replication enable vm/);
  a.call("vm remove", { vm: "vm" });
  protect(a);
  for (const verb of ["points list", "failover start", "failover complete", "failover reverse"]) {
    match(refused(a, verb, { vm: "vm" }), /"vm" runs on this server.*replica server, b:7700/);
  }
  for (
    const verb of [
      "failover planned",
      "failover prepare",
      "replication cycle",
      "replication verify",
    ]
  ) {
    match(refused(b, verb, { vm: "vm" }), /"vm" is replicated to this server.*primary, a;/);
  }
  match(refused(a, "failover start", { vm: "other" }), /No machine "other" is replicated/);
});

Deno.test("the name of a test is not taken for that of a machine", () => {
  const { a, b } = makePair(312);
  protect(a);
  b.call("failover test", { vm: "vm" });
  match(refused(b, "failover complete", { vm: "vm - Test" }), /is a test of the machine "vm"/);
});
