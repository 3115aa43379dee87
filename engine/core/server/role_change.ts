/**
 * How a machine changes its role on this server: what one role hands over to the other, and what speaks
 * against it (L6).
 *
 * A machine whose record lies in `machines/` is the primary's, whatever lies in `replicas/`. So the one
 * commit point of a promotion is that this record is written, and that of a demotion that it is removed;
 * what a crash leaves of the other role beside it is cleared at the next start. Disks stay where they are.
 *
 * @module
 */

import { type Failed, peerFailure } from "../base/failure.ts";
import type { MachineId, PointId } from "../base/units.ts";
import type { Geometry } from "../block/geometry.ts";
import type { Branch } from "../lineage/branch.ts";
import { type Ancestry, relate } from "../lineage/generation.ts";
import type { PrimaryMachine } from "../primary/machine.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import { TRANSITIONS } from "../relationship/state.ts";
import type { Task } from "../runtime/task.ts";
import type { MessageOf } from "../wire/message.ts";
import type { PointKind } from "../wire/point.ts";

/** A replica that becomes the primary: its failover is complete and its disks are let go. */
export interface Promotion {
  readonly id: MachineId;
  readonly name: string;
  /** Its disk files. */
  readonly paths: readonly string[];
  /** Bytes of those that stand in for disks that are left out of replication, by index; 0 for every other. */
  readonly excluded: readonly number[];
  readonly settings: RelationshipSettings;
  readonly ancestry: Ancestry;
  /** Where its generation parted from the one before; none where that could not be written down. */
  readonly branch: Branch | undefined;
}

/** A primary that becomes the replica: its guest is off, its disks are closed in order. */
export interface Demotion {
  readonly id: MachineId;
  readonly name: string;
  readonly paths: readonly string[];
  readonly sizes: readonly number[];
  /** Bytes of the disks that are left out of replication, by index; 0 for every other. */
  readonly excluded: readonly number[];
  readonly geometry: Geometry;
  readonly ancestry: Ancestry;
  /** The point that its disks hold. */
  readonly tail: Tail;
}

/** What a demoted primary held last. */
export interface Tail {
  readonly point: PointId;
  readonly kind: PointKind;
  /** Wall time, µs since 1970. */
  readonly cutAt: number;
  /** True when nobody else has it: it is kept until the administrator has said that it may go. */
  readonly losing: boolean;
}

/** The primary's role as the replica's sees it. */
export interface PrimarySide {
  /** The machine whose name is `name` but for case. */
  rival(name: string): string | undefined;
  /** True when its record could be read and its disks opened. */
  opened(name: string): boolean;
  /** The history of a machine that is open here. */
  ancestryOf(name: string): Ancestry | undefined;
  /**
   * Gives a machine up to the peer that opens it with a newer history; `adopt` makes its replica, which
   * is in force when this returns. Throws why not, and goes on as the primary then.
   */
  demote<T>(
    opening: MessageOf<"open-machine">,
    peer: string,
    adopt: (demotion: Demotion) => Task<T>,
    undo: (adopted: T) => Task<void>,
  ): Task<T>;
}

/** Why the machine is not given up to whoever opens it; `undefined` when nothing speaks against it. */
export function objection(
  machine: PrimaryMachine,
  opening: MessageOf<"open-machine">,
  peer: string,
  clients: number,
): Failed | undefined {
  const { name } = machine;
  const relation = opening.machine === machine.id
    ? relate(machine.ancestry, opening.ancestry)
    : "unrelated";
  switch (relation) {
    case "unrelated":
      return peerFailure(
        "exists",
        `A machine "${name}" runs on the replica server itself`,
        "Choose another name for one of the two",
      );
    case "same":
      return peerFailure(
        "second-writer",
        `"${name}" runs on the replica server itself, in the same generation`,
        "Stop one of the two copies, and remove its machine",
      );
    case "older":
      return peerFailure(
        "older-generation",
        `"${name}" runs on the other server, in a newer generation`,
        "Shut its guest down here, if it runs: this server becomes the replica by itself then",
      );
    case "split":
      if (opening.yields === machine.generation) return goesOnHere(name);
      if (machine.yieldsTo !== opening.generation) return splitBrain(name);
      break;
    case "newer":
  }
  if (TRANSITIONS[machine.state].demote === undefined) return cannotFollow(machine);
  // Disks that have grown at the other server grow here as well, and those that it has not any more go.
  const smaller = machine.sizes.findIndex((size, at) => {
    const there = opening.disks[at] ?? 0;
    return there > 0 && size > there;
  });
  if (smaller >= 0) {
    const size = machine.sizes[smaller];
    return peerFailure(
      "wrong-disk",
      `Disk ${smaller} of "${name}" has ${size} bytes at the old primary, and less where it runs now: it ` +
        "was failed over to a point from before that disk grew",
      `Let it grow where the machine runs: "warmsite vm disk grow ${name} ${smaller} --size ${size}"`,
    );
  }
  if (clients === 0) return undefined;
  return peerFailure(
    "busy",
    `A guest of "${name}" is still attached at the old primary, while it runs at "${peer}"`,
    `Shut it down at the old primary: the server there becomes the replica by itself then`,
  );
}

/** One that was never replicated to where it runs now, as far as it knows, or is not any more. */
function cannotFollow({ name, state }: PrimaryMachine): Failed {
  return peerFailure(
    // A new primary that starts must not take it for the word that its machine runs there (L6).
    "exists",
    `"${name}" cannot become the replica at the old primary: it is in state ${state} there`,
    `Remove it there: "warmsite replication disable ${name}" unless it is disabled, then "warmsite vm remove ` +
      `${name}"; its disk files stay, and everything is sent again`,
  );
}

/** Its administrator has decided, for this side. The code is one that is tried again: until we have reached it. */
function goesOnHere(name: string): Failed {
  return peerFailure(
    "wrong-state",
    `"${name}" goes on at the other server, as was decided, and its replica is made here`,
    "Nothing: that begins as soon as the server there reaches this one",
  );
}

function splitBrain(name: string): Failed {
  return peerFailure(
    "split-brain",
    `Both servers have written to "${name}" since their histories parted`,
    `Decide which side to keep: "warmsite failover resolve ${name} --keep BRANCH"; nothing is sent ` +
      "and nothing is lost meanwhile",
  );
}
