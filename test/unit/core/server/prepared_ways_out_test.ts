/**
 * What a prepared primary says while its machine goes on at the replica: the way out that is there.
 *
 * @module
 */

import { doesNotMatch, equal, match, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

function prepared(seed: number) {
  const pair = makePair(seed);
  protect(pair.a);
  pair.a.write("vm/0", 0, filled(KiB, 3));
  pair.a.call("failover prepare", VM);
  pair.b.call("failover start", VM);
  return pair;
}

function warnings(site: Site): string {
  const { warnings } = site.call("replication status", VM) as JsonObject;
  return (warnings as string[]).join("\n");
}

function actionOf(site: Site, verb: string): string {
  let action = "";
  throws(() => site.call(verb, VM), ({ failure }: Failed) => {
    action = failure.action;
    return true;
  });
  return action;
}

Deno.test("a planned failover that was completed at the replica: nobody is sent to cancel it, and reverse ends it", () => {
  const { world, a, b } = prepared(61);
  b.call("failover complete", VM);
  world.runFor(70 * SECOND);
  // It has not asked yet: what it says is right in either case.
  for (const said of [warnings(a), actionOf(a, "replication disable")]) {
    match(said, /"warmsite failover reverse"\. Unless that failover was completed there/);
    doesNotMatch(said, /--force/);
  }
  const refused = actionOf(a, "failover cancel");
  match(refused, /complete at the replica, and there is no way back.*"warmsite failover reverse"/);
  for (const said of [refused, warnings(a), actionOf(a, "replication disable")]) {
    match(said, /there is no way back/);
    doesNotMatch(said, /--force|failover cancel|failover start/);
  }
  match(actionOf(a, "failover planned"), /"warmsite failover reverse"/);
  a.host.kill();
  a.start();
  world.runFor(70 * SECOND);
  match(warnings(a), /there is no way back/, "and behind a restart");
  b.call("failover reverse", VM);
  world.runFor(70 * SECOND);
  equal((a.call("replication status", VM) as JsonObject)["health"], "Normal");
  equal((a.call("replication status", VM) as JsonObject)["role"], "replica");
});

Deno.test("a planned failover that was started at the replica, and may be cancelled: both ways are named", () => {
  const { a, b } = prepared(62);
  const refused = actionOf(a, "failover cancel");
  match(refused, /"warmsite failover cancel vm" there, then here again/);
  match(refused, /"warmsite failover reverse vm" there/);
  doesNotMatch(refused, /--force/);
  b.call("failover cancel", VM);
  a.call("failover cancel", VM);
  equal((a.call("replication status", VM) as JsonObject)["state"], "Replicating");
});
