/**
 * Reverse replication and failback: a machine changes sides, by the blocks that differ (L2, L6, M51).
 *
 * @module
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site, status, until } from "./pair.ts";

const VM = { vm: "vm" };

const whole = (site: Site, size = MiB) => site.read("vm/0", 0, size);

Deno.test("a reversed machine goes on under the same name, and the old primary becomes its replica", () => {
  const { a, b } = makePair(31);
  protect(a);
  a.write("vm/0", 64 * KiB, filled(4 * KiB, 1));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  b.write("vm/0", 128 * KiB, filled(8 * KiB, 2));
  b.call("failover reverse", VM);
  equal(status(b)["role"], "primary");
  equal(status(b)["state"], "Replicating");
  b.write("vm/0", 256 * KiB, filled(4 * KiB, 3));
  b.call("replication cycle", VM);
  equal(status(a)["role"], "replica");
  until(a, "Replicating");
  const sent = status(b)["bytesSent"] as number;
  equal(sent, 12 * KiB, "what was written since the branch, and nothing else");
  a.call("failover start", VM);
  deepEqual(whole(a), whole(b));
});

Deno.test("the old primary's own last writes are overwritten by delta, and kept as a point (L6)", () => {
  const { a, b } = makePair(32);
  protect(a);
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.call("replication cycle", VM);
  // Never replicated: the site is lost behind it.
  a.write("vm/0", 32 * KiB, filled(4 * KiB, 9));
  const lost = whole(a);
  a.host.kill();
  b.call("failover start", VM);
  b.write("vm/0", 512 * KiB, filled(4 * KiB, 2));
  b.call("failover reverse", VM);
  a.start();
  b.call("replication cycle", VM);
  until(a, "Replicating");
  ok((status(b)["bytesSent"] as number) <= 12 * KiB, `${status(b)["bytesSent"]} bytes`);
  const points = a.call("points list", VM) as JsonObject[];
  const tail = points[0]?.["id"] as string;
  equal(points.length, 2);
  const kept = points.map(({ holds, usedBy }) => ({ holds, usedBy }));
  deepEqual(kept, [
    { holds: ["losing-tail"], usedBy: ["losing-tail"] },
    { holds: [], usedBy: [] },
  ], "it is told from any other oldest point");
  const now = whole(b);
  a.call("failover start", { ...VM, point: tail });
  deepEqual(whole(a), lost, "the losing branch is a point");
  a.call("failover cancel", VM);
  a.call("failover start", VM);
  deepEqual(whole(a), now);
});

Deno.test("failback after a failover to an older point sends what differs from it alone", () => {
  const { a, b } = makePair(33);
  protect(a);
  for (let at = 1; at <= 3; at++) {
    a.write("vm/0", at * 64 * KiB, filled(4 * KiB, at));
    a.call("replication cycle", VM);
  }
  const points = b.call("points list", VM) as JsonObject[];
  const chosen = points[1]?.["id"] as string;
  b.call("failover start", { ...VM, point: chosen });
  b.write("vm/0", 512 * KiB, filled(4 * KiB, 7));
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  until(a, "Replicating");
  // Points 2 and 3 have 4 KiB each that the chosen one has not, and 4 KiB were written since.
  equal(status(b)["bytesSent"], 12 * KiB);
  const now = whole(b);
  a.call("failover start", VM);
  deepEqual(whole(a), now);
});

Deno.test("failback sends the blocks that a failed-over guest changed, however large the clusters of its overlay are", () => {
  const size = 16 * MiB; // The first size with clusters of 64 KiB.
  const { a, b } = makePair(36, size);
  protect(a);
  a.write("vm/0", MiB, filled(64 * KiB, 1));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  b.write("vm/0", MiB + 4 * KiB, filled(4 * KiB, 2));
  b.write("vm/0", 2 * MiB, filled(4 * KiB, 3));
  b.write("vm/0", MiB + 32 * KiB, filled(8 * KiB, 1));
  b.host.run(b.server!.exports.get("vm/0")!.disk.zero(MiB + 60 * KiB, 4 * KiB));
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  until(a, "Replicating");
  equal(
    status(b)["bytesSent"],
    12 * KiB,
    "two blocks of data and one of zeros; what was there before is no change",
  );
  const now = whole(b, size);
  a.call("failover start", VM);
  deepEqual(whole(a, size), now);
});

Deno.test("there and back: a machine that was failed back is where it was", () => {
  const { a, b } = makePair(34);
  protect(a);
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(64 * KiB, 5));
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  until(a, "Replicating");
  b.write("vm/0", 64 * KiB, filled(64 * KiB, 6));
  b.call("replication cycle", VM);
  a.call("failover start", VM);
  a.call("failover reverse", VM);
  a.write("vm/0", 128 * KiB, filled(4 * KiB, 7));
  a.call("replication cycle", VM);
  until(b, "Replicating");
  equal(status(a)["bytesSent"], 4 * KiB);
  const now = whole(a);
  for (const site of [a, b]) {
    site.host.powerLoss();
    site.host.powerOn();
  }
  a.start();
  b.start();
  deepEqual(whole(a), now);
  b.call("failover start", VM);
  deepEqual(whole(b), now);
});

Deno.test("disk files that a removed machine left are not written over by a new replica of its name", () => {
  const { a, b } = makePair(35);
  protect(a);
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(4 * KiB, 5));
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  until(a, "Replicating");
  const kept = whole(b);
  b.call("replication disable", VM);
  b.call("vm remove", VM);
  a.call("failover start", VM);
  a.call("failover reverse", VM);
  throws(() => a.call("replication cycle", VM), /disk files of a machine/);
  const path = "/b/data/replicas/vm/disk-0.raw";
  b.call("vm add", { vm: "other", disks: [path] });
  deepEqual(b.read("other/0", 0, MiB), kept);
});

Deno.test("a failover cancelled before the failback's first point waits for that again, and its logs go with it", () => {
  const { a, b } = makePair(39);
  protect(a);
  a.write("vm/0", 0, filled(4 * KiB, 1));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  b.write("vm/0", 32 * KiB, filled(4 * KiB, 2));
  b.call("failover reverse", VM);
  a.world.runWhile(() => a.server?.replica.opened("vm") !== true, 60 * SECOND);
  b.host.kill();
  until(a, "FailbackInProgress");
  const logs = () => [...a.host.logs.entries.keys()].filter((name) => name.endsWith(".hrl"));
  equal(logs().length, 1, "what changed here is told from it");
  a.call("failover start", VM);
  a.call("failover cancel", VM);
  equal(status(a)["state"], "FailbackInProgress");
  b.start();
  until(a, "Replicating");
  deepEqual(logs(), []);
  equal(status(b)["bytesSent"], 4 * KiB, "it is still a delta");
});

/** The `call`th write to the data folder of a site fails, once; what it returns tells whether it was come to. */
function failWrite({ host }: Site, call: number): () => boolean {
  const { faults } = host.data.volume;
  let writes = 0;
  Object.defineProperty(faults, "failWrites", {
    configurable: true,
    get: () => ++writes === call ? 1 : 0,
    set: () => {},
  });
  return () => {
    Object.defineProperty(faults, "failWrites", { configurable: true, writable: true, value: 0 });
    return writes >= call;
  };
}

for (const verb of ["failover reverse", "failover complete"]) {
  Deno.test(`a ${verb.slice(9)} that failed at any of its writes does the rest when it is asked for again`, () => {
    let failures = 0;
    for (let call = 1;; call++) {
      const { a, b } = makePair(33);
      protect(a);
      a.write("vm/0", 0, filled(4 * KiB, 1));
      a.call("replication cycle", VM);
      a.host.kill();
      b.call("failover start", VM);
      b.write("vm/0", 64 * KiB, filled(4 * KiB, 2));
      const heal = failWrite(b, call);
      let failed = false;
      try {
        b.call(verb, VM);
      } catch {
        failed = true;
      }
      if (!heal()) break;
      if (!failed) continue;
      failures++;
      b.call(verb, VM);
      const { role, state } = status(b);
      const reversed = verb === "failover reverse";
      equal(role, reversed ? "primary" : "replica", `${call}`);
      if (!reversed) equal(state, "FailedOver", `${call}`);
      if (!reversed) throws(() => b.call(verb, VM), { code: "wrong-state" });
      if (reversed) deepEqual(b.read("vm/0", 64 * KiB, 4 * KiB), filled(4 * KiB, 2), `${call}`);
    }
    ok(failures > 3, `${failures}`);
  });
}
