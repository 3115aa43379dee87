/**
 * Verbs about recovery points.
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import type { PointId } from "../../base/units.ts";
import { done, type Task } from "../../runtime/task.ts";
import { machineName, pointArgument, pointNamed, textArgument } from "../arguments.ts";
import { pointDetails, usersOf } from "../point_details.ts";
import type { Server } from "../server.ts";
import { pointJson } from "../status.ts";
import type { Verbs } from "./verb.ts";

/** Verbs about recovery points. */
export const POINT_VERBS: Verbs = {
  "points list": {
    about: "List the recovery points of a machine, oldest first",
    args: ["vm"],
    run: (server, args) => {
      const machine = server.replica.machine(machineName(args));
      const { store } = machine;
      return done(store.points.map((point) => ({
        ...pointJson(point),
        ...usersOf(machine, point.id),
      })));
    },
  },
  "points show": {
    about: "Show everything that is known of one recovery point",
    args: ["vm", "point"],
    run: (server, args) => {
      const vm = machineName(args);
      return done(pointDetails(server.replica.machine(vm), givenPoint(server, vm, args)));
    },
  },
  "points export": {
    about: "Write a recovery point's disks as raw files to a folder, while replication goes on",
    args: ["vm", "point", "out"],
    run: exportPoint,
  },
};

function* exportPoint(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const path = textArgument(args, "out");
  const point = givenPoint(server, vm, args);
  const exported = yield* server.replica.exportPoint(vm, point, path);
  const { disks, verified, leftovers } = exported;
  return { vm, point, path: exported.path, verified, files: disks, leftovers };
}

function givenPoint(server: Server, vm: string, args: JsonObject): PointId {
  const points = server.replica.points(vm);
  const digits = pointArgument(args);
  if (digits !== undefined) return pointNamed(digits, points);
  throw requestFailure(
    "bad-argument",
    'Missing or unsound argument "point"',
    'Give an id of "warmsite points list", or at least its first 8 digits',
  );
}
