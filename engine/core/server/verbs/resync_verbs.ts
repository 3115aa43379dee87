/**
 * Verbs about comparing whole disks with their replica: resynchronization and verification.
 *
 * @module
 */

import type { Json, JsonObject } from "../../base/json.ts";
import type { ResyncWish } from "../../primary/resync_wish.ts";
import type { Task } from "../../runtime/task.ts";
import type { Server } from "../server.ts";
import { startTimeArgument } from "../start_time.ts";
import { guestMachine, status, type Verbs } from "./verb.ts";

/** Verbs about comparing whole disks. */
export const RESYNC_VERBS: Verbs = {
  "replication verify": {
    about: "Prove that the replica equals this machine's disks at a cut, or name what differs",
    args: ["vm?"],
    run: verify,
  },
  "replication resync start": {
    about: "Compare whole disks with the replica and send what differs; every point stays",
    args: ["vm?", "at?"],
    run: (server, args) => {
      return resync(server, args, { kind: "start", at: startTimeArgument(server, args) });
    },
  },
  "replication resync pause": {
    about: "Let a resynchronization stand still; changes are tracked meanwhile",
    args: ["vm?"],
    run: (server, args) => resync(server, args, { kind: "pause" }),
  },
  "replication resync continue": {
    about: "Go on with a resynchronization where it stood, whatever its window",
    args: ["vm?"],
    run: (server, args) => resync(server, args, { kind: "continue" }),
  },
  "replication resync cancel": {
    about: "Drop what a resynchronization has sent; it stays due until it is started",
    args: ["vm?"],
    run: (server, args) => resync(server, args, { kind: "cancel" }),
  },
};

function* verify(server: Server, args: JsonObject): Task<Json> {
  const vm = guestMachine(server, args);
  const { found, point } = yield* server.primary.verify(vm);
  const { ranges, count } = found.differences;
  return {
    vm,
    point: point ?? null,
    equal: count === 0,
    comparedBytes: found.equalBytes + found.differingBytes,
    // Never at rest: proved by the digests of the deltas that carried them.
    changingBytes: found.changingBytes,
    differingBytes: found.differingBytes,
    ranges: count,
    differences: ranges.map(({ disk, at, length }) => ({ disk, at, length })),
  };
}

function* resync(server: Server, args: JsonObject, wish: ResyncWish): Task<Json> {
  const vm = guestMachine(server, args);
  yield* server.primary.resync(vm, wish);
  return status(server, vm);
}
