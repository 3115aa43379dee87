/**
 * What a process finds that one before it left in the kernel only: nothing that is acknowledged on top of it is lost
 * with the power, for what is found is made durable first.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site, status, until } from "./pair.ts";

const VM = { vm: "vm" };

function losePower(site: Site): void {
  site.host.powerLoss();
  site.host.powerOn();
  site.start();
}

/** Of what is not durable a loss of power takes all, nothing or some: in this world all, where it counts. */
const WORLDS = [4];

Deno.test("an old primary that gave its machine up keeps what its new primary was told that it has", () => {
  let kills = 0;
  for (let call = 1;; call++) {
    let killed = false;
    for (const seed of WORLDS) {
      const { world, a, b } = makePair(seed);
      protect(a);
      a.write("vm/0", 0, filled(KiB, 1));
      a.call("replication cycle", VM);
      a.host.kill();
      b.call("failover start", VM);
      b.call("failover reverse", { ...VM, to: "a:7700" });
      world.runFor(SECOND);
      a.start();
      world.crashAt("a", a.host.calls + call, "before", "kill");
      world.runFor(20 * SECOND);
      a.host.crashPlan = undefined;
      killed = a.host.process === undefined;
      if (!killed) break;
      kills++;
      a.start();
      until(b, "Replicating");
      b.write("vm/0", 8 * KiB, filled(KiB, 2));
      b.call("replication cycle", VM);
      const points = (a.call("points list", VM) as JsonObject[]).map(({ id }) => id);
      losePower(a);
      equal(status(a)["role"], "replica", `${call}, ${seed}`);
      const left = (a.call("points list", VM) as JsonObject[]).map(({ id }) => id);
      deepEqual(left, points, `${call}, ${seed}`);
    }
    if (!killed) break;
  }
  ok(kills > 12, `${kills} kills`);
});
