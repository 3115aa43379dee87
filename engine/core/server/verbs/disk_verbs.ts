/**
 * Verbs about one disk of a machine.
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import { DISKS_MAX } from "../../base/limits.ts";
import type { Task } from "../../runtime/task.ts";
import { flagArgument, machineName, numberArgument, textArgument } from "../arguments.ts";
import { exportName } from "../exports.ts";
import type { Server } from "../server.ts";
import type { Verbs } from "./verb.ts";

/** Verbs about one disk of a machine. */
export const DISK_VERBS: Verbs = {
  "vm disk add": {
    about: "Add a disk to a machine, while it runs and while it is protected",
    args: ["vm", "disk"],
    run: addDisk,
  },
  "vm disk remove": {
    about: "Take a disk out of a machine; points that have it keep it, the file stays",
    args: ["vm", "disk"],
    run: removeDisk,
  },
  "vm disk exclude": {
    about: "Serve a disk and do not replicate it; a failover has an empty one in its place",
    args: ["vm", "disk", "off?"],
    run: excludeDisk,
  },
  "vm disk grow": {
    about: "Make a disk of a machine larger, while it runs and while it is protected",
    args: ["vm", "disk", "size"],
    run: growDisk,
  },
};

/** The index of a disk in `disk`. */
function diskIndex(args: JsonObject): number {
  const index = numberArgument(args, "disk", -1);
  if (Number.isSafeInteger(index) && index >= 0 && index < DISKS_MAX) return index;
  throw requestFailure(
    "bad-argument",
    `Not the number of a disk: ${JSON.stringify(args["disk"] ?? null).slice(0, 80)}`,
    `Give the number behind the machine's name in the name of its export, 0 to ${DISKS_MAX - 1}`,
  );
}

function* addDisk(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const path = textArgument(args, "disk");
  const index = yield* server.primary.addDisk(vm, path);
  const { size } = server.primary.entry(vm).machine.disk(index);
  return { vm, disks: [{ name: exportName(vm, index), path, size }] };
}

function* removeDisk(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const index = diskIndex(args);
  const { path } = server.primary.entry(vm).machine.disk(index);
  yield* server.primary.removeDisk(vm, index);
  return { vm, name: exportName(vm, index), path };
}

function* excludeDisk(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const index = diskIndex(args);
  const excluded = !flagArgument(args, "off", false);
  yield* server.primary.excludeDisk(vm, index, excluded);
  return { vm, name: exportName(vm, index), excluded };
}

function* growDisk(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const index = diskIndex(args);
  const size = numberArgument(args, "size", 0);
  if (!Number.isSafeInteger(size) || size <= 0) {
    throw requestFailure("bad-argument", `Not a size: ${size}`, "Give a number of bytes");
  }
  const before = yield* server.primary.grow(vm, index, size);
  return { vm, name: exportName(vm, index), before, size };
}
