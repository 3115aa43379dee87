/**
 * Verbs about machines and their disks.
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import { DISKS_MAX } from "../../base/limits.ts";
import { done, type Task } from "../../runtime/task.ts";
import { flagArgument, listArgument, machineName } from "../arguments.ts";
import { exportName } from "../exports.ts";
import type { Server } from "../server.ts";
import { everyStatus, forgetCommands, isReplica, type Verbs } from "./verb.ts";

/** Verbs about machines and their disks. */
export const MACHINE_VERBS: Verbs = {
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
    args: ["vm", "force?"],
    run: removeMachine,
  },
};

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
  if (isReplica(server, vm)) {
    const left = yield* server.replica.remove(vm, flagArgument(args, "force", false));
    yield* forgetCommands(server, vm);
    return { vm, left };
  }
  yield* server.primary.remove(vm, flagArgument(args, "force", false));
  yield* forgetCommands(server, vm);
  return { vm };
}
