/**
 * Machines that change sides and whose disks are not all alike: left out of replication, taken out, or
 * left behind by a machine that is gone.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 32 * KiB;

const status = (site: Site) => site.call("replication status", VM) as JsonObject;

function until(site: Site, state: string): void {
  const { world } = site.host;
  const there = () => {
    try {
      return status(site)["state"] === state;
    } catch {
      return false;
    }
  };
  for (let tries = 0; tries < 300 && !there(); tries++) world.runFor(SECOND);
  equal(status(site)["state"], state, JSON.stringify(status(site)));
}

/** A protected machine `vm` of two disks, `vm.img` and `two.img`. */
function stage(seed: number, excluded: readonly number[] = []) {
  const { a, b, world } = makePair(seed, SIZE);
  a.host.addDisk("two.img", { size: SIZE });
  a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
  for (const disk of excluded) a.call("vm disk exclude", { ...VM, disk });
  const settings = { frequency: 3600 * SECOND, retention: "last 4" };
  a.call("replication enable", { ...VM, to: "b:7700", ...settings });
  a.call("replication start", VM);
  a.write("vm/0", 0, filled(1024, 1));
  a.write("vm/1", 0, filled(1024, 2));
  a.call("replication cycle", VM);
  return { a, b, world };
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

const whole = (site: Site, disk: number) => site.read(`vm/${disk}`, 0, SIZE);

Deno.test("what took the place of an excluded disk comes back with its machine, restarts and all", () => {
  for (const restart of [false, true]) {
    const { a, b } = stage(1, [1]);
    b.call("failover start", VM);
    b.write("vm/1", 0, filled(4 * KiB, 7));
    b.call("failover reverse", VM);
    b.call("replication cycle", VM);
    until(a, "Replicating");
    b.write("vm/1", 8 * KiB, filled(4 * KiB, 8));
    b.call("replication cycle", VM);
    if (restart) {
      a.host.kill();
      a.start();
      equal(a.server?.replica.machine("vm").store.suspect, false);
    }
    const now = [whole(b, 0), whole(b, 1)];
    a.call("failover start", VM);
    deepEqual([whole(a, 0), whole(a, 1)], now);
    a.call("failover reverse", VM);
    deepEqual([whole(a, 0), whole(a, 1)], now);
    // The file that was left out was nobody's but the administrator's.
    const file = a.host.disks.get("two.img")?.node.sectors.peek();
    deepEqual(file?.subarray(0, 4 * KiB), concat(filled(1024, 2), filled(3 * KiB, 0)));
  }
});
