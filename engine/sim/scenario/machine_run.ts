/**
 * One machine in a run: its guest at its home, what is known of its points, and its failover at the other site. Homes are `a`
 * until roles change.
 *
 * @module
 */

import { isFailed } from "../../core/base/failure.ts";
import type { PointId } from "../../core/base/units.ts";
import type { PrimaryMachine } from "../../core/primary/machine.ts";
import type { ReplicaMachine } from "../../core/replica/replica_machine.ts";
import type { Server } from "../../core/server/server.ts";
import { Guest, type GuestGround } from "../guests/guest.ts";
import { type FreezableGuest, NO_GUEST } from "../hypervisor.ts";
import { MachineHistory } from "../oracle/history.ts";
import type { Medium } from "./media.ts";
import type { FirstCopy, HostName, MachineSpec } from "./scenario.ts";

/** A cut that was seen. */
export interface SeenCut {
  readonly instant: number;
  /** World time, µs. */
  readonly time: number;
  /** Bytes of every disk that were offered to the guest at that moment; `undefined` when none were. */
  readonly sizes: readonly number[] | undefined;
  /** What had been done to the disks that were cut. */
  readonly history: MachineHistory;
}

/** A failover under way or completed. */
export interface FailoverRun {
  readonly point: PointId;
  /** The guest at the replica. */
  readonly guest: Guest;
  completed: boolean;
  /** Its server lost power, and what is left was not looked at yet. */
  lostPower: boolean;
  /** Its server died, and what is left was not looked at yet. */
  died: boolean;
  /** It was shut down to be completed. */
  shut: boolean;
  /** It is complete, said a server that stopped at that moment: its disks were not looked at yet. */
  told: boolean;
}

/** The replica of a machine at a server; `undefined` where there is none, or one that did not open. */
export function replicaOf(server: Server, vm: string): ReplicaMachine | undefined {
  if (!server.replica.has(vm)) return undefined;
  try {
    return server.replica.machine(vm);
  } catch (error) {
    if (isFailed(error)) return undefined;
    throw error;
  }
}

/** The machine at its primary; `undefined` where there is none, or one that did not open. */
export function primaryOf(server: Server, vm: string): PrimaryMachine | undefined {
  if (!server.primary.has(vm)) return undefined;
  try {
    return server.primary.entry(vm).machine;
  } catch (error) {
    if (isFailed(error)) return undefined;
    throw error;
  }
}

/** True where a disk of the machine failed: it is open again only after a restart. */
export function hasFailedDisk(machine: PrimaryMachine | undefined): boolean {
  const failed = ({ troubles }: PrimaryMachine["tracked"][number]) =>
    troubles.some(({ code }) => code === "disk-failed");
  return machine?.tracked.some(failed) === true;
}

/** One machine. */
export class MachineRun {
  readonly index: number;
  readonly spec: MachineSpec;
  /** The guest at its home. */
  guest: Guest;
  /** Where it is the primary's. */
  home: HostName = "a";
  /** How often that has changed. */
  moves = 0;
  /** Where it was cut by a server that has become its primary and is not open yet: its home as soon as that is looked at. */
  claimed: HostName | undefined;
  /** Its roles change in this run: from the first time on that this was asked for, judges follow it that know of that. */
  roaming = false;
  /** Its guest was shut down to be moved. */
  shut = false;
  /** A planned failover of it was asked for: whoever has promised to take it up does so. */
  planned = false;
  /** Generations in which it was written at a home that it left, and those before the one it has. */
  readonly generations = new Set<string>();
  /** Its disks at its home; where they were made, while it has not moved. */
  paths: readonly string[] | undefined;
  /** The guest that was at the other site before a failover was reversed: what it did alone is a point there (L6). */
  former: Guest | undefined;
  /** In the oracle's order, when each point was cut. */
  readonly cuts = new Map<string, SeenCut>();
  /** Points of what a demoted primary alone had, which no cut made: what was done to its disks, and up to when. */
  readonly tails = new Map<string, Pick<SeenCut, "instant" | "history">>();
  /** Points that the primary was told are staged, oldest first. */
  readonly told: PointId[] = [];
  /** Points that the replica staged, oldest first. */
  readonly staged: PointId[] = [];
  /** Points that went with their replica. */
  readonly gone = new Set<PointId>();
  failover: FailoverRun | undefined;
  /** A failover of it is complete: its guest runs at the replica from here on. */
  retired = false;
  /** Its site burned with its disks: it has to be brought up at the replica. */
  burnt = false;
  /** Its replica is being removed. */
  leaving = false;
  /** How its administrator brings the first copy to the replica. */
  first: FirstCopy = { way: "network" };
  /** Since when its guest at a host is frozen, µs of world time. */
  readonly frozenAt = new Map<HostName, number>();
  /** Copies and media made for it so far: each has a name of its own. */
  copies = 0;
  /** The medium that its first copy travels on. */
  medium: Medium | undefined;
  /** Sectors that each of its disks was asked to have. */
  readonly asked: number[];
  /** Sectors that each of its disks has at most. */
  readonly largest: readonly number[];
  /** When replication was enabled last, µs of world time. */
  enabledAt = 0;

  /** `contents`: what its disks hold at first; zeros when left out. */
  constructor(
    ground: GuestGround,
    index: number,
    spec: MachineSpec,
    largest = spec.disks,
    contents: readonly Uint8Array[] | undefined = undefined,
  ) {
    this.largest = largest;
    this.asked = [...spec.disks];
    this.index = index;
    this.spec = spec;
    this.guest = new Guest(ground, spec.name, new MachineHistory(index, largest, contents));
  }

  /** The oracle of the guest at its home. */
  get history(): MachineHistory {
    return this.guest.history;
  }

  /**
   * True where a replica has promised to take it up by a planned failover, and goes on with that by itself. One that was failed
   * over meanwhile to a point of its own has promised nothing.
   */
  takenUpBy({ record }: ReplicaMachine): boolean {
    return this.planned && record.planned?.taken === true;
  }

  /** The guest that it has at a host, running or not. */
  guestAt(host: HostName): FreezableGuest {
    if (host === this.home) return this.guest;
    return this.failover?.guest ?? this.former ?? NO_GUEST;
  }

  /** Names of the devices at `a`. */
  device(disk: number): string {
    return `${this.spec.name}-${disk}.img`;
  }
}
