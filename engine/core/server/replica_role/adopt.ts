/**
 * How a machine of ours becomes the replica of its new primary, with the disks that are here (L6); `role_change.ts`
 * has the order.
 *
 * @module
 */

import { Failed, isFailed } from "../../base/failure.ts";
import { ReplicaStore } from "../../history/replica_store.ts";
import { type Ancestry, generationOf, relate } from "../../lineage/generation.ts";
import type { ReplicaMachine } from "../../replica/replica_machine.ts";
import { type ReplicaRecord, replicaToJson } from "../../replica/replica_record.ts";
import { choicesFromWire } from "../../relationship/choices.ts";
import type { Task } from "../../runtime/task.ts";
import type { MessageOf } from "../../wire/message.ts";
import { parseRetention } from "../../wire/retention.ts";
import { setFormerAside, strip } from "../replica_folder.ts";
import type { ReplicaHome } from "../replica_places.ts";
import type { Demotion } from "../role_change.ts";
import { TAIL_HOLD } from "./losing_tail.ts";
import type { ReplicaMachines } from "./machines.ts";

/** A replica that was made of a primary's disks. */
interface Adopted {
  readonly store: ReplicaStore;
  readonly home: ReplicaHome;
}

/** The peer is the machine's new primary: ours becomes its replica, with the disks that are here (L6). */
export function* takeFromPrimary(
  machines: ReplicaMachines,
  opening: MessageOf<"open-machine">,
  peer: string,
): Task<ReplicaMachine> {
  const { name } = opening;
  const take = (demotion: Demotion) => adopt(machines, demotion, opening, peer);
  const undo = ({ store }: Adopted) => store.close();
  const demoted = machines.primary.demote(opening, peer, take, undo);
  // At no instant is the machine in neither role, where somebody could add another of its name.
  return yield* machines.reserve(name, takeDemoted(machines, name, demoted));
}

function* takeDemoted(
  machines: ReplicaMachines,
  name: string,
  demoted: Task<Adopted>,
): Task<ReplicaMachine> {
  const { store, home } = yield* demoted;
  try {
    yield* setFormerAside(home.folder, store.sizes);
    return yield* machines.take(store, home, undefined);
  } catch (error) {
    // It is a replica's from here on, whatever is wrong with it; the next start tries again.
    if (isFailed(error)) machines.unopened.set(name, error.failure);
    throw error;
  }
}

function* adopt(
  machines: ReplicaMachines,
  demotion: Demotion,
  opening: MessageOf<"open-machine">,
  peer: string,
): Task<Adopted> {
  const { id, name, paths, sizes, excluded, geometry, ancestry, tail } = demotion;
  const home = yield* homeOf(machines, name, peer);
  yield* strip(home.folder);
  const generation = (ancestry[0] as Ancestry[number]).generation;
  // Where both sides went on, the one that stays decides the history; what is here is not of it.
  const parted = relate(ancestry, opening.ancestry) === "split";
  const record: ReplicaRecord = {
    state: "FailbackInProgress",
    ancestry: parted ? opening.ancestry : ancestry,
    losing: parted ? ancestry : undefined,
    failover: undefined,
    dead: [],
    primary: peer,
    frequency: opening.frequency,
    choices: choicesFromWire(opening),
    writer: undefined,
    tail: tail.point,
  };
  const point = {
    id: tail.point,
    parent: undefined,
    // The point at which this side's history began was cut before it: a failover to it claims nothing of that.
    generation: generationOf(ancestry, tail.point),
    cutAt: tail.cutAt,
    kind: tail.kind,
    sizes,
    // A failover to it has empty ones in their place, as to any other point.
    ...(excluded.some((size) => size > 0) ? { placeholders: excluded } : {}),
    protectedAt: 0,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    digests: sizes.map(() => ""),
  };
  const store = yield* ReplicaStore.adopt(machines.ports, home.folder, {
    machine: id,
    name,
    geometry,
    generation: parted ? opening.generation : generation,
    retention: parseRetention(opening.retention),
    paths,
    point,
    hold: tail.losing ? TAIL_HOLD : undefined,
    extra: replicaToJson(record),
  }, machines.cache());
  yield* machines.places.told(name, home);
  return { store, home };
}

/** Where a machine of ours is put that becomes a replica: where its disks are if it was one before. */
function* homeOf(machines: ReplicaMachines, name: string, peer: string): Task<ReplicaHome> {
  const there = (yield* machines.places.list()).includes(name)
    ? yield* machines.places.find(name)
    : undefined;
  if (there !== undefined) return there;
  const admission = machines.authorization.wouldAccept(peer);
  if (!admission.ok) throw new Failed(admission.failure);
  return yield* machines.places.make(name, admission.location);
}
