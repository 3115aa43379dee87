/**
 * How a machine comes to this server when its primary calls for the first time.
 *
 * Rule: one at a time, under no name that either role has, and only from who may. A machine whose primary was not
 * told of it is gone after a failure, as after a crash.
 *
 * @module
 */

import { brokenProtocol, Failed, isFailed, peerFailure } from "../../base/failure.ts";
import { isName } from "../../base/name.ts";
import { isGeometry } from "../../block/geometry.ts";
import { ReplicaStore } from "../../history/replica_store.ts";
import { filesByDisk, noCopy, refuseOtherCopy } from "../../replica/existing_copy.ts";
import type { ReplicaMachine } from "../../replica/replica_machine.ts";
import type { ReplicaRecord } from "../../replica/replica_record.ts";
import { nextState } from "../../relationship/state.ts";
import type { Task } from "../../runtime/task.ts";
import type { Channel } from "../../wire/channel.ts";
import type { MessageOf } from "../../wire/message.ts";
import { parseRetention } from "../../wire/retention.ts";
import type { ReplicaHome } from "../replica_places.ts";
import { sameButForCase } from "../replica_refusals.ts";
import { takeFromPrimary } from "./adopt.ts";
import type { ReplicaMachines } from "./machines.ts";

/** Machines on one replica server: each holds files open and space taken (E6). */
const MACHINES_MAX = 1024;

/** The machine that a channel opens: the one that is here, ours that becomes its replica, or a new one. */
export function* findOrCreate(
  machines: ReplicaMachines,
  channel: Channel,
  opening: MessageOf<"open-machine">,
): Task<ReplicaMachine> {
  if (!isName(opening.name) || !isGeometry(opening.blockSize, opening.blockSize)) {
    throw brokenProtocol("The machine's name or block size cannot be", "malformed");
  }
  const entry = machines.entries.get(opening.name);
  if (entry !== undefined) return entry.machine;
  const failure = machines.unopened.get(opening.name);
  if (failure !== undefined) throw peerFailure(failure.code, failure.message, failure.action);
  const rival = machines.rival(opening.name) ?? opening.name;
  if (rival !== opening.name) throw sameButForCase(rival, opening.name);
  if (machines.primary.rival(opening.name) !== undefined) {
    return yield* takeFromPrimary(machines, opening, channel.session.peer.name);
  }
  if (
    machines.closed || machines.reserved(opening.name) ||
    machines.entries.size >= MACHINES_MAX
  ) {
    const what = machines.entries.size >= MACHINES_MAX
      ? "holds all the machines it can"
      : "is busy";
    throw peerFailure("busy", `The replica server ${what}`, "Remove a machine there, or wait");
  }
  const { name } = opening;
  if (opening.purpose === "ask") throw nothingHere(name);
  return yield* machines.reserve(name, create(machines, opening, channel.session.peer.name));
}

/** Who starts asks where its machine runs: not here. A replica that came of it would be in the way of a first copy. */
function nothingHere(name: string): Failed {
  return peerFailure(
    "no-such-machine",
    `No machine "${name}" is replicated to this server`,
    `Start initial replication at its primary: "warmsite replication start ${name}"`,
  );
}

function* create(
  machines: ReplicaMachines,
  opening: MessageOf<"open-machine">,
  primary: string,
): Task<ReplicaMachine> {
  const { blockSize } = opening;
  const standard = machines.settings.geometry;
  const regionSize = blockSize === standard.blockSize ? standard.regionSize : blockSize * 1024;
  const admission = machines.authorization.wouldAccept(primary);
  if (!admission.ok) throw new Failed(admission.failure);
  const { location, trustGroup } = admission;
  const copy = machines.copies.get(opening.name);
  if (copy !== undefined) refuseOtherCopy(copy, opening, primary);
  else if (opening.seeding === "existing-copy") throw noCopy(opening.name);
  const home = yield* makeHome(machines, opening.name, location);
  const spec = {
    machine: opening.machine,
    name: opening.name,
    sizes: opening.disks,
    geometry: { blockSize, regionSize },
    generation: opening.generation,
    retention: parseRetention(opening.retention),
    space: opening.space,
    ...(copy === undefined ? {} : { paths: filesByDisk(copy, opening.disks) }),
  };
  const store = yield* ReplicaStore.create(machines.ports, home.folder, spec, machines.cache());
  const record: ReplicaRecord = {
    state: nextState("Disabled", "accept", opening.name),
    ancestry: opening.ancestry,
    failover: undefined,
    dead: [],
    primary,
    trustGroup,
    frequency: opening.frequency,
    writer: opening.writer[0],
    ...(copy === undefined ? {} : { copied: true }),
  };
  try {
    const machine = yield* machines.take(store, home, record);
    // Whoever removes the machine waits until nothing of this is being written.
    const { changing } = machines.entry(opening.name);
    yield* changing.during(tell(machines, machine, record, home));
    if (copy !== undefined) yield* machines.copies.drop(opening.name);
    return machine;
  } catch (error) {
    yield* unmake(machines, opening.name);
    throw error;
  }
}

/** Between the two a crash takes a replica that lies elsewhere for one that nobody knows of, as before. */
function* tell(
  machines: ReplicaMachines,
  machine: ReplicaMachine,
  record: ReplicaRecord,
  home: ReplicaHome,
): Task<void> {
  yield* machine.setRecord(record);
  yield* machines.places.told(machine.name, home);
}

/** What a primary is told of a location that is missing is not what the administrator here is told. */
function* makeHome(
  machines: ReplicaMachines,
  name: string,
  location: string | undefined,
): Task<ReplicaHome> {
  try {
    return yield* machines.places.make(name, location);
  } catch (error) {
    if (!isFailed(error, "not-found")) throw error;
    const { code, message } = error.failure;
    throw peerFailure(code, message, "Ask the administrator of the replica server to mount it");
  }
}

/** A machine that was never told of goes; what is left of its folder is written over next time. */
function* unmake(machines: ReplicaMachines, name: string): Task<void> {
  const entry = machines.entries.get(name);
  machines.entries.delete(name);
  if (entry !== undefined) {
    yield* entry.scope.cancel();
    yield* entry.machine.close();
  }
  try {
    yield* machines.places.remove(name);
  } catch (error) {
    if (!isFailed(error)) throw error;
  }
}
