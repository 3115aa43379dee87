/**
 * The sweep of a verification that finds what has rotted at the replica (M46): a host crashes at every port call from
 * the question to the point that repairs it, and behind it the replica holds what the guest's disk holds.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { KiB, SECOND } from "../../engine/core/base/units.ts";
import { FileNode } from "../../engine/sim/volume.ts";
import { Directory } from "../../engine/sim/directory.ts";
import { type Course, type HostName, type Pair, protect, sweepCourse, told, VM } from "./copies.ts";
import { isFailed } from "../../engine/core/base/failure.ts";
import type { JsonObject } from "../../engine/core/base/json.ts";

/** The replica's raw disk. */
function rawDisk({ b }: Pair): FileNode {
  let found: Directory | FileNode | undefined = b.host.data;
  for (const name of ["replicas", VM, "disk-0.raw"]) {
    found = found instanceof Directory ? found.entries.get(name) : undefined;
  }
  if (!(found instanceof FileNode)) throw new Error("No raw disk");
  return found;
}

/** Verified again and again until it is found equal, as an administrator would who was told of a difference. */
function repair(host: HostName): Course {
  const proved = new WeakSet<Pair>();
  return {
    name: `repair-${host}`,
    host,
    before(pair) {
      const { a, world } = pair;
      protect(pair);
      a.call("replication start", { vm: VM });
      a.call("replication cycle", { vm: VM });
      world.runFor(2 * SECOND);
      rawDisk(pair).rot(3 * KiB + 7, 3);
      rawDisk(pair).rot(30 * KiB, 1);
    },
    step(pair) {
      const { server, host: here } = pair.a;
      if (server === undefined || here.process === undefined) return;
      const verify = server.call("replication verify", { vm: VM });
      const outcome = here.attempt(verify, 60 * SECOND);
      if (outcome?.ok === false && !isFailed(outcome.error)) throw outcome.error;
      if (outcome?.ok === true && (outcome.value as JsonObject)["equal"] === true) proved.add(pair);
    },
    done: (pair) => proved.has(pair) && told(pair.a) === "Replicating",
    behind({ b, world }) {
      world.runFor(3 * SECOND);
      const { store } = b.server!.replica.machine(VM);
      equal(b.host.run(store.verify()).join(), "", "the digests are those of the disk (R6)");
    },
  };
}

for (const host of ["a", "b"] as const) sweepCourse(repair(host), 120);
