/**
 * What a primary does after the handshake: the decision table of L1, L2 and L7.
 *
 * Pure: it is given what both sides said and answers with one step. What cannot be proved by the
 * `.hrl` is compared by digest; data never goes to a history that is not ours.
 *
 * @module
 */

import { type Failure, peerFailure } from "../base/failure.ts";
import type { Incarnation, PointId, SeedId } from "../base/units.ts";
import { type Ancestry, relate } from "./generation.ts";
import { shortIncarnation } from "./writer.ts";

/** What one disk's bits are relative to, as its `.hrl` says. */
export interface DiskBase {
  /** The newest point known to be staged, or none. */
  readonly point: PointId | undefined;
  /** The initial replication under way, or none. */
  readonly seed: SeedId | undefined;
  /** Cuts issued since. */
  readonly issued: readonly PointId[];
}

/** What the replica said of itself. */
export interface ReplicaStanding {
  readonly ancestry: Ancestry;
  readonly newest: PointId | null;
  readonly seed: SeedId | null;
  /** True from the start of a failover there until it is cancelled or completed (L5). */
  readonly failedOver: boolean;
  /** The incarnation that it is bound to, when it is not ours. */
  readonly otherWriter: Incarnation | undefined;
}

/** What one disk must do before anything is sent. */
export type DiskStep = "ready" | "adopt" | "compare-whole";

/** The decision. */
export type Decision =
  | { readonly kind: "seed"; readonly resume: boolean }
  | { readonly kind: "cycle"; readonly disks: readonly DiskStep[] }
  | { readonly kind: "await-import" }
  | { readonly kind: "replica-lost" }
  | { readonly kind: "hold"; readonly failure: Failure };

/** Decides from both sides' ancestry and newest points. */
export function decide(
  mine: Ancestry,
  disks: readonly DiskBase[],
  seeding: boolean,
  replica: ReplicaStanding,
): Decision {
  const held = relationHold(mine, replica);
  if (held !== undefined) return { kind: "hold", failure: held };
  if (replica.newest === null) {
    if (!seeding) return { kind: "replica-lost" };
    const resume = replica.seed !== null && disks.every((disk) => disk.seed === replica.seed);
    return { kind: "seed", resume };
  }
  const newest = replica.newest;
  return { kind: "cycle", disks: disks.map((disk) => stepOf(disk, newest)) };
}

function stepOf(disk: DiskBase, newest: PointId): DiskStep {
  if (disk.point === newest) return "ready";
  return disk.issued.includes(newest) ? "adopt" : "compare-whole";
}

function relationHold(mine: Ancestry, replica: ReplicaStanding): Failure | undefined {
  if (replica.failedOver) {
    return peerFailure(
      "wrong-state",
      "The replica is failed over: nothing is sent, changes are tracked",
      'Cancel the failover at the replica to go on: "warmsite failover cancel"; once it is reversed there ' +
        '("warmsite failover reverse"), this server becomes the replica',
    ).failure;
  }
  switch (relate(mine, replica.ancestry)) {
    case "same":
      return replica.otherWriter === undefined ? undefined : secondWriter(replica.otherWriter);
    case "newer":
      return peerFailure(
        "older-generation",
        "The replica was failed over and completed: it holds a newer generation than this server",
        'Shut its guest down here, if it runs, and there: "warmsite failover reverse"; this server becomes the replica then',
      ).failure;
    case "older":
      return peerFailure(
        "unknown-generation",
        "The replica is of an older generation than this server",
        "Remove the machine at the replica and start initial replication again",
      ).failure;
    case "split":
      return peerFailure(
        "split-brain",
        "Both servers have written since their histories parted",
        'Decide which side to keep: "warmsite failover resolve"; nothing is lost meanwhile',
      ).failure;
    case "unrelated":
      return peerFailure(
        "unknown-generation",
        "The replica holds another machine of this name",
        "Choose another name, or remove the machine at the replica",
      ).failure;
  }
}

function secondWriter(other: Incarnation): Failure {
  return peerFailure(
    "second-writer",
    `Another copy of this server replicates this machine: incarnation ${shortIncarnation(other)} ` +
      "is the newest that the replica knows, and this one does not know it",
    "Stop the copy that is not to run, a clone or what a backup was taken from; if this one is to " +
      'go on: "warmsite replication start --take-over"',
  ).failure;
}
