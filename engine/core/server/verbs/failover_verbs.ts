/**
 * Verbs about failovers.
 *
 * @module
 */

import { isFailed } from "../../base/failure.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import { refuseUnlessOff, stopMachine } from "../../failover/machine_off.ts";
import type { Task } from "../../runtime/task.ts";
import { changedSettings, settingArguments } from "../../relationship/setting_table.ts";
import {
  branchArgument,
  flagArgument,
  machineName,
  pointArgument,
  pointNamed,
  textArgument,
} from "../arguments.ts";
import { exportName } from "../exports.ts";
import { failOverPlanned, prepareFailover, settingsBack } from "../planned_failover.ts";
import { offeredDisks, powered, poweredTest } from "../power.ts";
import type { Ground } from "../../relationship/command_book.ts";
import type { Server } from "../server.ts";
import { status, type Verbs } from "./verb.ts";

/** Verbs about failovers. */
export const FAILOVER_VERBS: Verbs = {
  "failover planned": {
    about:
      "Move a machine that is off to its replica, and make this server the replica; nothing is lost",
    args: ["vm"],
    *run(server, args) {
      const vm = machineName(args);
      yield* failOverPlanned(server, vm);
      return status(server, vm);
    },
  },
  "failover prepare": {
    about: "Lock a machine that is off and send what is left, so that its replica may be started",
    args: ["vm"],
    *run(server, args) {
      const vm = machineName(args);
      yield* prepareFailover(server, vm);
      return status(server, vm);
    },
  },
  "failover test": {
    about: "Bring a machine up beside replication, on any point, to test it; or delete such a test",
    args: ["vm", "point?", "unverified?", "delete?"],
    run: testFailover,
  },
  "failover resolve": {
    about:
      "Say which side of a machine stays that both sides have written to; the other one is kept as a point",
    args: ["vm", "keep"],
    *run(server, args) {
      const vm = machineName(args);
      const digits = branchArgument(args);
      if (server.replica.has(vm)) yield* server.replica.resolve(vm, digits);
      else yield* server.primary.resolve(vm, digits);
      return status(server, vm);
    },
  },
  "failover reverse": {
    about:
      "Make this server the primary of a machine that was failed over to it, and replicate back",
    args: ["vm", ...settingArguments()],
    run: reverseReplication,
  },
  "failover start": {
    about: "Bring a machine up here on a recovery point, the newest by default",
    args: ["vm", "point?", "unverified?"],
    run: startFailover,
  },
  "failover cancel": {
    about: "Drop a failover and what was written since; replication goes on",
    args: ["vm", "force?"],
    run: cancelFailover,
  },
  "failover complete": {
    about: "Make a failover final: the machine's disks are here from then on",
    args: ["vm"],
    run: completeFailover,
  },
};

/** Makes a test failover, or deletes the one that is named. */
function* testFailover(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  if ((args["delete"] ?? null) !== null) return yield* deleteTest(server, vm, args);
  const digits = pointArgument(args);
  const points = server.replica.points(vm);
  const chosen = digits === undefined ? undefined : pointNamed(digits, points);
  const known = flagArgument(args, "unverified", false);
  const { name, point, disks } = yield* server.replica.startTest(vm, chosen, known);
  const listed = disks.map((disk) => ({ name: exportName(name, disk.index), size: disk.size }));
  const ground = { as: name, disks: offeredDisks(server, name), point, test: true };
  const started = yield* startMachine(server, vm, ground);
  return { vm: name, testOf: vm, point, disks: listed, ...started };
}

function* deleteTest(server: Server, vm: string, args: JsonObject): Task<Json> {
  const name = textArgument(args, "delete");
  const test = poweredTest(server, vm, server.replica.test(vm, name));
  yield* stopMachine(server.ports.clock, server.commands, test);
  yield* server.replica.deleteTest(vm, name);
  return { vm: name, testOf: vm, deleted: true };
}

function* startFailover(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const digits = pointArgument(args);
  const points = server.replica.points(vm);
  const point = digits === undefined ? undefined : pointNamed(digits, points);
  const known = flagArgument(args, "unverified", false);
  const failover = yield* server.replica.startFailover(vm, point, known);
  const disks = failover.disks.map((disk) => ({
    name: exportName(vm, disk.index),
    size: disk.size,
  }));
  const { machine } = failover;
  // The failover stands, whatever becomes of the command: nobody has to start it again for that.
  const ground = { disks: offeredDisks(server, vm), point: failover.point };
  const started = yield* startMachine(server, vm, ground);
  return { vm, point: failover.point, unverified: machine.store.suspect, disks, ...started };
}

/** Starts the machine by its command, if there is one; what went wrong stands in `startFailure`. */
function* startMachine(server: Server, vm: string, ground: Ground): Task<JsonObject> {
  try {
    return { started: yield* server.commands.start(vm, ground), startFailure: null };
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    const { message, action } = error.failure;
    return { started: false, startFailure: `${message}. ${action}` };
  }
}

function* cancelFailover(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  if (server.primary.has(vm)) {
    yield* server.primary.cancelPrepared(vm, flagArgument(args, "force", false));
    return status(server, vm);
  }
  server.replica.checkCancel(vm);
  yield* stopMachine(server.ports.clock, server.commands, powered(server, vm));
  yield* server.replica.cancelFailover(vm);
  return status(server, vm);
}

function* completeFailover(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const { store } = server.replica.machine(vm);
  const failedOverTo = server.replica.checkComplete(vm);
  yield* refuseUnlessOff(server.commands, powered(server, vm));
  yield* server.replica.completeFailover(vm);
  const newest = store.newest?.id ?? null;
  const { generation, diskFiles } = store;
  return { vm, failedOverTo, point: newest, generation, files: diskFiles };
}

function* reverseReplication(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const to = (args["to"] ?? null) === null ? undefined : textArgument(args, "to");
  const back = settingsBack(server.replica.machine(vm), to);
  yield* server.reverse(vm, changedSettings(back, args));
  return status(server, vm);
}
