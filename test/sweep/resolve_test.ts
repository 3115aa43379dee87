/**
 * The sweep of the end of a split brain (L1): a host crashes at every port call from the administrator's word for one
 * side until the other one is its replica. The word is given at either side and for either side; behind each crash it
 * is given again, nothing that a guest flushed on either side is lost, and the side that gave way has it as a point.
 *
 * @module
 */

import { deepEqual, equal, throws } from "node:assert/strict";
import type { JsonObject } from "../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../engine/core/base/units.ts";
import { filled, type Site } from "../unit/core/server/pair.ts";
import {
  ask,
  type Course,
  type HostName,
  type Pair,
  SIZE,
  sweepCourse,
  told,
  VM,
} from "./copies.ts";

/** Crashes of one host in one course that a gate has time for. */
const POINTS_MAX = 90;
const HOSTS: readonly HostName[] = ["a", "b"];

const whole = (site: Site) => site.read("vm/0", 0, SIZE);
const isPrimary = (site: Site) => site.server?.primary.has(VM) === true;

/** Both sides are running and have written, flushed it, and know of each other. */
function split({ a, b }: Pair): void {
  a.call("vm add", { vm: VM, disks: ["vm.img"] });
  for (let at = 0; at < 12; at++) a.write("vm/0", at * 3 * KiB, filled(KiB, 1 + at));
  a.call("replication enable", { vm: VM, to: "b:7700", frequency: 10 * SECOND });
  a.call("replication start", { vm: VM });
  a.call("replication cycle", { vm: VM });
  a.call("failover prepare", { vm: VM });
  b.call("failover start", { vm: VM });
  a.call("failover cancel", { vm: VM, force: true });
  b.call("failover reverse", { vm: VM });
  for (const [site, byte, at] of [[a, 101, 0], [b, 102, 30 * KiB]] as const) {
    site.write("vm/0", at, filled(KiB, byte));
    site.write("vm/0", 12 * KiB, filled(512, byte));
    site.host.run(site.server!.exports.get("vm/0")!.disk.flush());
  }
  for (const site of [a, b]) {
    throws(() => site.call("replication cycle", { vm: VM }), /since their histories parted/);
  }
}

function resolving(kept: HostName, asked: HostName, host: HostName): Course {
  const branches = new WeakMap<Pair, { word: string; stays: Uint8Array; goes: Uint8Array }>();
  const other = kept === "a" ? "b" : "a";
  return {
    name: `resolve-keep-${kept}-at-${asked}`,
    host,
    before(pair) {
      split(pair);
      const word = String(pair[kept].server?.primary.status(VM)["generation"]);
      branches.set(pair, { word, stays: whole(pair[kept]), goes: whole(pair[other]) });
    },
    step(pair) {
      // As an administrator who looks first: what was decided is not said again, and a cycle hurries it on.
      const { word } = branches.get(pair)!;
      if (isPrimary(pair[other])) ask(pair[asked], "failover resolve", { keep: word });
      else if (isPrimary(pair[kept])) ask(pair[kept], "replication cycle");
    },
    done: (pair) =>
      told(pair[kept], "role") === "primary" && told(pair[kept]) === "Replicating" &&
      told(pair[other], "role") === "replica" && told(pair[other]) === "Replicating",
    judge(pair) {
      const { stays, goes } = branches.get(pair)!;
      const [here, there] = [pair[kept], pair[other]];
      deepEqual(whole(here), stays, "the side that stays is what it was");
      here.write("vm/0", 40 * KiB, filled(512, 222));
      for (let round = 0; round < 3; round++) ask(here, "replication cycle");
      const points = there.call("points list", { vm: VM }) as JsonObject[];
      const reads = (point: JsonObject | undefined) => {
        there.call("failover start", { vm: VM, point: String(point?.["id"]) });
        const bytes = whole(there);
        there.call("failover cancel", { vm: VM });
        return bytes;
      };
      deepEqual(reads(points.at(-1)), whole(here), "its replica holds what it is by now");
      deepEqual(reads(points[0]), goes, "the side that gave way is the oldest point");
      equal(there.server?.exports.list().length, 0);
    },
  };
}

for (const kept of HOSTS) {
  for (const asked of HOSTS) {
    for (const host of HOSTS) sweepCourse(resolving(kept, asked, host), POINTS_MAX);
  }
}
