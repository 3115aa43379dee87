/**
 * The verbs: one table from which command line, management API, scenario actions and documentation are
 * made, so that the words are the same everywhere.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { DISKS_MAX } from "../base/limits.ts";
import { checkName } from "../base/name.ts";
import { defaultObjective, FREQUENCY_DEFAULT, KEEP_DEFAULT } from "../relationship/settings.ts";
import { done, type Task } from "../runtime/task.ts";
import {
  flagArgument,
  listArgument,
  machineName,
  numberArgument,
  pointArgument,
  pointNamed,
  textArgument,
} from "./arguments.ts";
import { exportName } from "./exports.ts";
import type { Server } from "./server.ts";
import { pointJson } from "./status.ts";

/** One verb. */
export interface Verb {
  /** One line for help texts. */
  readonly about: string;
  /** Argument names; those with `?` may be left out. */
  readonly args: readonly string[];
  /** Does it. */
  run(server: Server, args: JsonObject): Task<Json>;
}

/** Every verb, by the words that an administrator types. */
export const VERBS: Readonly<Record<string, Verb>> = {
  "vm add": {
    about: "Offer a machine's disks to its guest over NBD; protects nothing yet",
    args: ["vm", "disks"],
    run: addMachine,
  },
  "vm list": {
    about: "List the machines of this server",
    args: [],
    run: (server) => done(everyStatus(server)),
  },
  "vm remove": {
    about: "Remove a machine from this server: a guest's disks stay, a replica's points go",
    args: ["vm"],
    run: removeMachine,
  },
  "replication enable": {
    about: "Begin to track a machine's changes for a replica server",
    args: ["vm", "to", "frequency?", "keep?", "compression?", "bandwidth?", "objective?"],
    run: enableReplication,
  },
  "replication start": {
    about: "Start initial replication over the network",
    args: ["vm?", "takeOver?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      yield* server.primary.start(vm, flagArgument(args, "takeOver", false));
      return status(server, vm);
    },
  },
  "replication cycle": {
    about: "Run a cycle; returns when its point is staged at the replica",
    args: ["vm?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      return { vm, point: yield* server.primary.cycle(vm) };
    },
  },
  "replication status": {
    about: "Show state, health and progress",
    args: ["vm?"],
    run: (server, args) =>
      done((args["vm"] ?? null) === null ? everyStatus(server) : status(server, machineName(args))),
  },
  "replication disable": {
    about: "End replication on this side; the other side is told nothing",
    args: ["vm?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      if (server.replica.has(vm)) {
        yield* server.replica.remove(vm);
        return { vm, state: "Disabled" };
      }
      yield* server.primary.disable(vm);
      return status(server, vm);
    },
  },
  "points": {
    about: "List the recovery points of a machine, oldest first",
    args: ["vm"],
    run: (server, args) => done(server.replica.points(machineName(args)).map(pointJson)),
  },
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

/** The machine in `vm`; left out, the only one whose guest runs here. Points never go unnamed. */
function guestMachine(server: Server, args: JsonObject): string {
  if ((args["vm"] ?? null) !== null) return machineName(args);
  const [only, ...others] = server.primary.names();
  if (only !== undefined && others.length === 0) return only;
  throw requestFailure(
    "bad-argument",
    only === undefined ? "No guest's machine is on this server" : "More than one machine is here",
    'Name the machine: "warmsite vm list" shows those that there are',
  );
}

function everyStatus(server: Server): JsonObject[] {
  return [...server.primary.names(), ...server.replica.names()].map((vm) => status(server, vm));
}

function status(server: Server, vm: string): JsonObject {
  return server.replica.has(vm) ? server.replica.status(vm) : server.primary.status(vm);
}

function* addMachine(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const paths = listArgument(args, "disks");
  if (paths.length > DISKS_MAX || new Set(paths).size !== paths.length) {
    throw requestFailure(
      "bad-argument",
      `Too many disks, or one twice`,
      `Give each disk once, at most ${DISKS_MAX}`,
    );
  }
  const rival = server.primary.rival(vm) ?? server.replica.rival(vm);
  if (rival !== undefined) {
    throw requestFailure("exists", `A machine "${rival}" exists here`, "Choose another name");
  }
  const machine = yield* server.primary.add(vm, paths);
  return {
    vm,
    disks: machine.disks.map((disk, index) => ({
      name: exportName(vm, index),
      path: disk.path,
      size: disk.size,
    })),
  };
}

function* removeMachine(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  if (server.replica.has(vm)) yield* server.replica.remove(vm);
  else yield* server.primary.remove(vm);
  return { vm };
}

function* enableReplication(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const frequency = numberArgument(args, "frequency", FREQUENCY_DEFAULT);
  yield* server.primary.enable(checkName(vm, "machine"), {
    to: textArgument(args, "to"),
    frequency,
    keep: numberArgument(args, "keep", KEEP_DEFAULT),
    compression: flagArgument(args, "compression", true),
    bandwidth: numberArgument(args, "bandwidth", 0),
    objective: numberArgument(args, "objective", defaultObjective(frequency)),
  });
  return status(server, vm);
}

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
