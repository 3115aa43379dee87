/**
 * The sweep of a primary that is a copy of its yesterday, and is told to go on (L1): a host crashes at every port call
 * from the administrator's word until a point of it is staged. Behind each crash the word is given again where it
 * is still asked for; every point that was there stays, and the replica comes to hold what the copy's disk holds.
 *
 * @module
 */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import { KiB, SECOND } from "../../engine/core/base/units.ts";
import { copyHost, putBack } from "../unit/core/server/host_copy.ts";
import { filled, type Site } from "../unit/core/server/pair.ts";
import {
  ask,
  type Course,
  type HostName,
  type Pair,
  protect,
  sweepCourse,
  told,
  VM,
} from "./copies.ts";

/** Crashes of one host that a gate has time for. */
const POINTS_MAX = 200;

const points = (site: Site) =>
  site.server?.replica.machine(VM).store.points.map(({ id }) => id) ?? [];

/** The host of the primary is what it was before its machine went on, by two points and what is on its disk. */
function restored({ a, b, world }: Pair): void {
  protect({ a, b, world });
  a.call("replication set", { vm: VM, frequency: 3600 * SECOND });
  a.call("replication start", { vm: VM });
  a.call("replication cycle", { vm: VM });
  a.host.run(a.server!.stop());
  a.host.kill();
  const yesterday = copyHost(a.host);
  a.start();
  for (let round = 0; round < 2; round++) {
    a.write("vm/0", round * 20 * KiB, filled(KiB, 150 + round));
    a.call("replication cycle", { vm: VM });
  }
  a.host.run(a.server!.stop());
  a.host.kill();
  putBack(a.host, yesterday);
  a.start();
  a.write("vm/0", 30 * KiB, filled(KiB, 170));
  throws(() => a.call("replication cycle", { vm: VM }), /incarnation [0-9a-f]{8}/);
  equal(told(a), "Error");
  match(String(told(a, "warnings")), /--take-over/);
}

function takingOver(host: HostName): Course {
  const before = new WeakMap<Pair, readonly string[]>();
  return {
    name: `take-over-${host}`,
    host,
    before(pair) {
      restored(pair);
      before.set(pair, points(pair.b));
    },
    step({ a }) {
      if (told(a) === "Error") ask(a, "replication start", { takeOver: true });
      // A disk that is older than the replica may have to be compared, when the administrator says so.
      else if (told(a) === "WaitingForStartResynchronize") ask(a, "replication resync start");
      else ask(a, "replication cycle");
    },
    done: (pair) =>
      told(pair.a) === "Replicating" && points(pair.b).length > before.get(pair)!.length,
    behind(pair) {
      const were = before.get(pair)!;
      deepEqual(points(pair.b).slice(0, were.length), were, "every older point stays");
    },
  };
}

for (const host of ["a", "b"] as const) sweepCourse(takingOver(host), POINTS_MAX);
