/**
 * Verbs about failovers.
 *
 * @module
 */

import type { Json, JsonObject } from "../../base/json.ts";
import type { Task } from "../../runtime/task.ts";
import { flagArgument, machineName, pointArgument, pointNamed } from "../arguments.ts";
import { exportName } from "../exports.ts";
import type { Server } from "../server.ts";
import { status, type Verbs } from "./verb.ts";

/** Verbs about failovers. */
export const FAILOVER_VERBS: Verbs = {
  "failover start": {
    about: "Bring a machine up here on a recovery point, the newest by default",
    args: ["vm", "point?", "unverified?"],
    run: startFailover,
  },
  "failover cancel": {
    about: "Drop a failover and what was written since; replication goes on",
    args: ["vm"],
    *run(server, args) {
      yield* server.replica.cancelFailover(machineName(args));
      return status(server, machineName(args));
    },
  },
  "failover complete": {
    about: "Make a failover final: the machine's disks are here from then on",
    args: ["vm"],
    run: completeFailover,
  },
};

function* startFailover(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const digits = pointArgument(args);
  const points = server.replica.points(vm);
  const point = digits === undefined ? undefined : pointNamed(digits, points);
  const known = flagArgument(args, "unverified", false);
  const failover = yield* server.replica.startFailover(vm, point, known);
  const disks = failover.disks.map((disk, index) => ({
    name: exportName(vm, index),
    size: disk.size,
  }));
  return { vm, point: failover.point, unverified: failover.machine.store.suspect, disks };
}

function* completeFailover(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const { store, record } = server.replica.machine(vm);
  const failedOverTo = record.failover?.point ?? null;
  yield* server.replica.completeFailover(vm);
  const newest = store.newest?.id ?? null;
  const { generation, diskFiles } = store;
  return { vm, failedOverTo, point: newest, generation, files: diskFiles };
}
