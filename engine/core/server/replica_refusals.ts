/**
 * What a replica server refuses: channels that begin with nothing sound, and steps that would cost a
 * machine its only contents.
 *
 * @module
 */

import {
  brokenProtocol,
  type Failed,
  isFailed,
  localFailure,
  peerFailure,
  requestFailure,
} from "../base/failure.ts";
import { FORMER_DISK } from "../history/raw_disk.ts";
import { OVERLAYS } from "../failover/failover.ts";
import type { ReplicaStore } from "../history/replica_store.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ancestry } from "../lineage/generation.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import type { Task } from "../runtime/task.ts";
import type { Channel } from "../wire/channel.ts";
import type { MessageOf } from "../wire/message.ts";
import { refusal } from "../wire/refusal.ts";

/** Tells a peer why nothing comes of its channel, and ends it; `ancestry`: see `refusal`. */
export function* refuse(channel: Channel, error: Failed, ancestry?: Ancestry): Task<void> {
  try {
    yield* channel.send(refusal(error.failure, ancestry));
  } catch (other) {
    if (!isFailed(other)) throw other;
  }
  channel.close();
}

/** The first message of a channel, which must be open-machine. */
export function* firstMessage(channel: Channel): Task<MessageOf<"open-machine">> {
  const first = yield* channel.receive();
  if (first.kind === "control" && first.message.type === "open-machine") return first.message;
  throw brokenProtocol("A channel begins with open-machine");
}

/**
 * A state that was rebuilt has lost its relationship. If a failover's overlays lie beside it, a guest's
 * writes are in them: nothing is opened and nothing is removed until a person has looked.
 */
export function* refuseRebuiltFailover(store: ReplicaStore, folder: Folder): Task<void> {
  if (store.extra !== null || store.points.length === 0) return;
  if (!(yield* folder.list()).includes(OVERLAYS)) return;
  throw localFailure(
    "damaged",
    `The state of "${store.name}" was lost while it was failed over`,
    `Copy the folder ${folder.path} away, then remove the machine at this server`,
  );
}

/** A guest may run on its points: they go only once somebody said what becomes of the failover. */
export function refuseWhileFailedOver(machine: ReplicaMachine): void {
  const { name, state } = machine;
  if (state !== "FailedOverWaitingCompletion") return;
  throw requestFailure(
    "wrong-state",
    `Cannot remove the replica of "${name}": it is failed over, and its guest may be running here`,
    `Shut the guest down, then "warmsite failover cancel ${name}" to drop what it wrote here, or ` +
      `"warmsite failover complete ${name}" to keep it; remove it after that`,
  );
}

/** Its primary is off and locked, and gets the right to start the machine back from this replica alone (L4). */
export function refuseWhilePrepared({ name, state, record }: ReplicaMachine): void {
  if (record.planned === undefined || state === "FailedOver") return;
  throw requestFailure(
    "wrong-state",
    `Cannot remove the replica of "${name}": "${record.primary}" has prepared a planned failover to it, and ` +
      "the right to start the machine is here",
    `Cancel that on ${record.primary}, or go on with it: "warmsite failover cancel ${name}" there. If that server ` +
      "is lost for good: --force",
  );
}

/** After a complete the disk files are the machine: they go only once somebody moved them (R9). */
export function* refuseLastCopy(machine: ReplicaMachine, folder: Folder): Task<void> {
  const names = yield* folder.list();
  if (!names.some((name) => name.endsWith(".raw"))) return;
  throw requestFailure(
    "wrong-state",
    `The disks of "${machine.name}" in ${folder.path} are the machine since its failover`,
    "Move the disk files away first, then remove the machine",
  );
}

/** Files of disks that were taken out of the machine, or left out, are the administrator's: they do not go with it. */
export function* refuseFormerDisks(name: string, folder: Folder): Task<void> {
  const former = (yield* folder.list()).find((file) => FORMER_DISK.test(file));
  if (former === undefined) return;
  throw requestFailure(
    "wrong-state",
    `"${folder.path}/${former}" is a disk that "${name}" once had, and no part of its replica`,
    "Move it away first, or delete it",
  );
}

/** A replica's folder could not be told from another's where case does not count. */
export function sameButForCase(there: string, asked: string): Failed {
  return peerFailure(
    "exists",
    `The replica server has a machine "${there}", from which "${asked}" differs in case alone`,
    "Choose another name for one of the two",
  );
}
