/**
 * Scenarios: everything that a run does, as data. Two hosts, `a` where guests run and `b` that receives;
 * what they look like, and a list of timed events.
 *
 * Rule: a scenario is plain JSON and decides the run alone. Nothing is drawn while it runs but by the
 * named streams of the world's entities, so that leaving an event out leaves the rest as it is.
 *
 * @module
 */

// Long because: it is one list of everything that a run may do, read as a whole.

import type { JsonObject } from "../../core/base/json.ts";
import type { LoadSpec } from "../guests/load.ts";
import type { BurstLoss, LinkSpeed } from "../network.ts";
import type { StorageSpeed } from "../volume.ts";
import type { Staleness } from "./stale_peer.ts";

/** The two hosts. */
export type HostName = "a" | "b";

/** What a storage fault hits: the data folder, the logs beside the disks, or a machine's disk. */
export type Place = "data" | "logs" | { readonly vm: number; readonly disk: number };

/** A direction on the link. */
export type Direction = "both" | "a>b" | "b>a";

/** One machine. */
export interface MachineSpec {
  readonly name: string;
  /** Sectors of each disk, 512 bytes each. */
  readonly disks: readonly number[];
  /** Disks are block devices, without a time of change. */
  readonly block: boolean;
  /** Between two cycles, µs. */
  readonly frequency: number;
  /** So many of the newest points are kept, unless `retention` says what is. */
  readonly keep: number;
  /** Which points are kept; older scenarios say only how many. */
  readonly retention?: string;
  /** Between two application-consistent points, µs; older scenarios, and machines without commands, have none. */
  readonly appConsistent?: number;
  /** When its resynchronizations may run, as `--resync` says; `auto` when left out. */
  readonly resync?: string;
  readonly compression: boolean;
  /** Bytes a second on the wire; 0: no bound. */
  readonly bandwidth: number;
  /** Of each disk so many millionths hold something before anything happens; nothing when left out. */
  readonly used?: number;
}

/** Which points of a machine are kept, as an administrator writes it. */
export function retentionOf({ keep, retention }: MachineSpec): string {
  return retention ?? `last ${keep}`;
}

/** The world before anything happens. */
export interface WorldSpec {
  readonly blockSize: number;
  readonly regionBlocks: number;
  /** Regions that may be hot at once. */
  readonly slots: number;
  /** Blocks of old contents that fit. */
  readonly cowBlocks: number;
  /** What bounds a server's memory is as on a real one; otherwise as small as can be, so that small worlds meet the bounds. */
  readonly usualBounds?: boolean;
  readonly machines: readonly MachineSpec[];
  readonly link: {
    readonly latency: number;
    readonly jitter: number;
    /** Bytes a second; 0: no bound. */
    readonly bandwidth: number;
    readonly segment: number;
    /** In a scale model, for so many bytes one that carries data stands; all others are themselves. */
    readonly scale?: number;
  };
  readonly storage: Readonly<Record<HostName, StorageSpeed>>;
  /** What the wall clocks are ahead of the world's, µs. */
  readonly wall: Readonly<Record<HostName, number>>;
}

/** What a guest asks of its disk. */
export type GuestAction =
  | {
    readonly kind: "write";
    readonly vm: number;
    readonly disk: number;
    readonly sector: number;
    readonly count: number;
    /** Contents that do not compress. */
    readonly rough: boolean;
  }
  | {
    readonly kind: "zero";
    readonly vm: number;
    readonly disk: number;
    readonly sector: number;
    readonly count: number;
  }
  | {
    readonly kind: "read";
    readonly vm: number;
    readonly disk: number;
    readonly sector: number;
    readonly count: number;
  }
  | { readonly kind: "flush"; readonly vm: number; readonly disk: number }
  /** The guest's connection breaks; it connects again and sends again what was not answered (N2). */
  | { readonly kind: "reconnect"; readonly vm: number };

/** How an administrator brings a machine's first copy to the replica, from then on. */
export type FirstCopy =
  | { readonly way: "network" }
  /** Over the network, after so many µs. */
  | { readonly way: "scheduled"; readonly after: number }
  /** From a file at the replica in which so many of a thousand sectors are otherwise. */
  | { readonly way: "existing-copy"; readonly stale: number }
  /**
   * On a medium that is on its way for so many µs; `pick` says what the harm is done to. `stumble`: the replica's host
   * crashes once in the middle of the import.
   */
  | {
    readonly way: "media";
    readonly delay: number;
    readonly harm: "none" | "flip" | "cut";
    readonly pick: number;
    readonly stumble?: "kill" | "power" | undefined;
  };

/** A step on the way of a machine to the site `to`; what is there already takes none. */
export interface RoleAction {
  readonly kind: "role";
  readonly vm: number;
  readonly what: "planned" | "prepare" | "cancel" | "force" | "reverse";
  readonly to: HostName;
}

/**
 * A verb of the engine's table in an administrator's words, which may be illegal at this moment. Of a machine `a` is the side
 * where its guest is, and `b` the other one; the machine's name need not be told.
 */
export interface VerbAction {
  readonly kind: "verb";
  readonly host: HostName;
  /** The machine that is meant; none for verbs about a whole server. */
  readonly vm?: number;
  readonly verb: string;
  /**
   * The verb's arguments, as the table has them. What nobody knows before the run stands as an object: `point` as
   * `{ newest: N }`, the newest one but N; `keep` as `{ at: HOST }`, the branch there; `path` as `{}`, the machine's package.
   */
  readonly args?: JsonObject;
}

/** What an administrator does. */
export type OperatorAction =
  | { readonly kind: "first-copy"; readonly vm: number; readonly first: FirstCopy }
  | { readonly kind: "cycle"; readonly vm: number }
  /** A disk is to have so many sectors, while its guest runs. */
  | {
    readonly kind: "grow";
    readonly vm: number;
    readonly disk: number;
    readonly sectors: number;
  }
  /** A disk beside those of its guest comes to the machine, goes, is left out of replication or taken in again. */
  | {
    readonly kind: "disk";
    readonly vm: number;
    readonly change: "add" | "remove" | "exclude" | "include";
  }
  /** A cycle with the guest at rest is asked for. */
  | { readonly kind: "rest"; readonly vm: number }
  /** Fail over to the newest point but `back`. */
  | { readonly kind: "failover"; readonly vm: number; readonly back: number }
  | { readonly kind: "cancel"; readonly vm: number }
  /** Test a failover on the newest point but `back`; its guest asks for so many writes. */
  | { readonly kind: "test"; readonly vm: number; readonly back: number; readonly writes: number }
  /** Delete the first test there is. */
  | { readonly kind: "test-delete"; readonly vm: number }
  /** Write the newest point but `back` to a folder at the replica. */
  | { readonly kind: "export"; readonly vm: number; readonly back: number }
  | { readonly kind: "complete"; readonly vm: number }
  /**
   * The machine changes sides: planned in one act; prepared, or that taken back, also without the replica's word; or its failover
   * is reversed.
   */
  | RoleAction
  /** Replication is ended at the primary and begun again; with `remove` the machine is taken off the server and added. */
  | { readonly kind: "disable"; readonly vm: number; readonly remove: boolean }
  /** The replica is removed, and its primary is told nothing. */
  | { readonly kind: "forget"; readonly vm: number }
  /** Settings are changed while it runs: µs between cycles, compression, bytes a second. */
  | {
    readonly kind: "set";
    readonly vm: number;
    readonly change: {
      readonly frequency?: number;
      readonly compression?: boolean;
      readonly bandwidth?: number;
    };
  }
  /** A server is stopped in order and started again. */
  | { readonly kind: "restart"; readonly host: HostName; readonly down: number }
  | VerbAction;

/** What an administrator does to a whole server. */
export type ServerAction =
  /** From now on the replica's server lets its primary in, or not; its entry puts new replicas into `place`. */
  | {
    readonly kind: "authorize";
    readonly allowed: boolean;
    readonly place: "home" | "one" | "two";
  }
  /** What the primary's server may send in all, bytes a second; 0: no limit. */
  | { readonly kind: "limit"; readonly bandwidth: number };

/** What goes wrong. Times in µs, rates in millionths. */
export type FaultAction =
  | { readonly kind: "kill"; readonly host: HostName; readonly down: number }
  | { readonly kind: "power"; readonly host: HostName; readonly down: number }
  /** A crash at a port call to come: before it, after it, or amid it. */
  | {
    readonly kind: "crash";
    readonly host: HostName;
    readonly calls: number;
    readonly when: "before" | "after" | "torn";
    readonly how: "kill" | "power";
    readonly down: number;
  }
  /** The same, at one of the calls to come that give a file its final name. */
  | {
    readonly kind: "crash-naming";
    readonly host: HostName;
    readonly renames: number;
    readonly when: "before" | "after";
    readonly how: "kill" | "power";
    readonly down: number;
  }
  | { readonly kind: "pause"; readonly host: HostName; readonly lasts: number }
  | { readonly kind: "lag"; readonly host: HostName; readonly lag: number; readonly lasts: number }
  | { readonly kind: "clock"; readonly host: HostName; readonly by: number }
  | {
    readonly kind: "io";
    readonly host: HostName;
    readonly place: Place;
    readonly what: "failReads" | "failWrites" | "failFlushes";
    readonly count: number;
  }
  | {
    readonly kind: "latent";
    readonly host: HostName;
    readonly place: { readonly vm: number; readonly disk: number };
    readonly sector: number;
    readonly sticky: boolean;
  }
  /** A machine's primary, wherever that is, is killed, and somebody else writes a sector of its disk before it is started again. */
  | {
    readonly kind: "outside";
    readonly vm: number;
    readonly disk: number;
    readonly sector: number;
    readonly fill: number;
    readonly down: number;
  }
  /**
   * Freezing a guest goes wrong: it fails, it freezes and never returns, the guest goes on by itself `after` µs, or
   * it cannot be thawed.
   */
  | {
    readonly kind: "freeze";
    readonly vm: number;
    readonly what: "fails" | "sticks" | "breaks" | "thaw-fails";
    readonly after: number;
    readonly lasts: number;
  }
  /** The same, and the replication log of a disk is gone before it is started again. */
  | { readonly kind: "lose-log"; readonly vm: number; readonly disk: number; readonly down: number }
  /** The server of a machine's replica is killed, and a raw disk is touched, its bytes as before, ere it is started again. */
  | { readonly kind: "touch"; readonly vm: number; readonly disk: number; readonly down: number }
  /** The replica's server is killed as soon as it has part of a delta, and that rots meanwhile; `vm` as below. */
  | {
    readonly kind: "rot-open";
    readonly pick: number;
    readonly bit: number;
    readonly down: number;
    readonly vm?: number;
  }
  /** A bit flips in a file: `pick` chooses file and place, among those of the machine's replica, or of everything at `b`. */
  | { readonly kind: "rot"; readonly pick: number; readonly bit: number; readonly vm?: number }
  /** The state that a machine's replica has now, wherever that is, comes back from a backup, `age` µs later. */
  | { readonly kind: "old-state"; readonly vm: number; readonly age: number; readonly down: number }
  | {
    readonly kind: "slow";
    readonly host: HostName;
    readonly place: Place;
    readonly factor: number;
    readonly lasts: number;
  }
  | {
    readonly kind: "stall";
    readonly host: HostName;
    readonly place: Place;
    readonly lasts: number;
  }
  | {
    readonly kind: "full";
    readonly host: HostName;
    readonly place: "data" | "logs";
    readonly lasts: number;
  }
  | { readonly kind: "partition"; readonly way: Direction; readonly lasts: number }
  | {
    readonly kind: "link";
    readonly what: "lossRate" | "duplicateRate" | "reorderRate" | "corruptRate";
    readonly way: Direction;
    readonly rate: number;
    readonly lasts: number;
  }
  | { readonly kind: "link-stall"; readonly way: Direction; readonly lasts: number }
  | { readonly kind: "link-slow"; readonly bandwidth: number; readonly lasts: number }
  | { readonly kind: "reset" }
  /** A stale copy of the machine's primary sends a delta: see there for what it gets wrong. */
  | { readonly kind: "stale"; readonly vm: number; readonly what: Staleness }
  | { readonly kind: "refuse"; readonly what: "refuse" | "hang"; readonly lasts: number }
  /** Everything on the host is gone; an empty one takes its place. */
  | { readonly kind: "destroy"; readonly host: HostName; readonly down: number }
  | ScriptedFault;

/** What goes wrong only where a script says so: the generator draws none of these. Times in µs, rates in millionths. */
export type ScriptedFault =
  /** The next so many writes say that they are done and never were, or land elsewhere: nobody notices. */
  | {
    readonly kind: "lost-writes";
    readonly host: HostName;
    readonly place: Place;
    readonly what: "phantomWrites" | "misdirectedWrites";
    readonly count: number;
  }
  | {
    readonly kind: "storage-rate";
    readonly host: HostName;
    readonly place: Place;
    readonly what: "readErrorRate" | "writeErrorRate" | "flushErrorRate" | "misdirectedReadRate";
    readonly rate: number;
    readonly lasts: number;
  }
  /** Nothing can be written to a device, or it is gone. */
  | {
    readonly kind: "device";
    readonly host: HostName;
    readonly place: Place;
    readonly what: "readOnly" | "vanished";
    readonly lasts: number;
  }
  /** A bit of the replica's disk flips, wherever the replica is: no checksum knows, only a comparison does. */
  | {
    readonly kind: "rot-disk";
    readonly vm: number;
    readonly disk: number;
    readonly sector: number;
    readonly bit: number;
  }
  /** The link is otherwise than usual. */
  | {
    readonly kind: "link-speed";
    readonly way: Direction;
    readonly change: Partial<Omit<LinkSpeed, "segment">>;
    readonly lasts: number;
  }
  /** Loss in bursts (Gilbert and Elliott): so many packets begin one, so many end it, so many vanish in it. */
  | {
    readonly kind: "link-burst";
    readonly way: Direction;
    readonly burst: BurstLoss;
    readonly lasts: number;
  }
  /** The link is up and down in turn, down first. */
  | {
    readonly kind: "flap";
    readonly way: Direction;
    readonly up: number;
    readonly down: number;
    readonly lasts: number;
  }
  /** The server dies again and again, every so many µs. */
  | {
    readonly kind: "crash-loop";
    readonly host: HostName;
    readonly how: "kill" | "power";
    readonly every: number;
    readonly down: number;
    readonly lasts: number;
  }
  /** The wall clock gains so many µs a second, or loses them. */
  | { readonly kind: "drift"; readonly host: HostName; readonly by: number; readonly lasts: number }
  /** Nobody believes the host's certificate: connections that stand go on, new ones are refused. */
  | { readonly kind: "certificate"; readonly host: HostName; readonly lasts: number }
  /** The replica's server takes nothing from its primary. */
  | { readonly kind: "revoke"; readonly lasts: number };

/** What happens at one instant. */
export type ScenarioEvent =
  & { readonly at: number }
  & (GuestAction | OperatorAction | ServerAction | FaultAction);

/** A whole run. */
export interface Scenario {
  /** Seeds the world's streams. */
  readonly seed: number;
  readonly world: WorldSpec;
  /** In order of time. Those at `quiet` or behind it happen when whoever runs it says so, if they do. */
  readonly events: readonly ScenarioEvent[];
  /** From here on nothing goes wrong any more, µs. */
  readonly quiet: number;
  /** What guests do by themselves. */
  readonly loads?: readonly LoadSpec[];
  /**
   * Administrators bring machines under protection, and leave whatever goes wrong to what the scenario says, until nothing goes
   * wrong any more. Left out, they help by themselves.
   */
  readonly scripted?: boolean;
  /** How often administrators look, µs; a second when left out. */
  readonly round?: number;
}

/** Verbs that bring a machine to the other side. */
const MOVES: ReadonlySet<string> = new Set([
  "failover planned",
  "failover prepare",
  "failover reverse",
]);

/** True where machines are to change sides, by a step of the run or, in a drill, by a verb. */
export function changesSides({ events, scripted = false }: Scenario, vm?: number): boolean {
  return events.some((event) => {
    if (vm !== undefined && (!("vm" in event) || event.vm !== vm)) return false;
    return event.kind === "role" || (scripted && event.kind === "verb" && MOVES.has(event.verb));
  });
}

/** What an event changes of a machine's settings that bounds go by. */
export function changeIn(
  event: ScenarioEvent,
  vm: number,
): { readonly frequency?: number; readonly bandwidth?: number } {
  if (!("vm" in event) || event.vm !== vm) return {};
  if (event.kind === "set") return event.change;
  if (event.kind !== "verb" || event.verb !== "replication set") return {};
  const { frequency, bandwidth } = event.args ?? {};
  return {
    ...(typeof frequency === "number" ? { frequency } : {}),
    ...(typeof bandwidth === "number" ? { bandwidth } : {}),
  };
}

/** The disk that an event makes larger, and its sectors from then on. */
export function growthIn(
  event: ScenarioEvent,
  vm: number,
): { readonly disk: number; readonly sectors: number } | undefined {
  if (!("vm" in event) || event.vm !== vm) return undefined;
  if (event.kind === "grow") return event;
  if (event.kind !== "verb" || event.verb !== "vm disk grow") return undefined;
  return { disk: Number(event.args?.["disk"]), sectors: Number(event.args?.["size"]) / 512 };
}

/**
 * The machine with the longest time between cycles and the most bandwidth that it ever has in a run: what bounds
 * that hold all the time go by.
 */
export function widest(
  spec: MachineSpec,
  vm: number,
  events: readonly ScenarioEvent[],
): MachineSpec {
  let { frequency, bandwidth } = spec;
  for (const event of events) {
    const change = changeIn(event, vm);
    frequency = Math.max(frequency, change.frequency ?? 0);
    const { bandwidth: other } = change;
    if (other === 0 || bandwidth === 0) bandwidth = 0;
    else bandwidth = Math.max(bandwidth, other ?? 0);
  }
  return { ...spec, frequency, bandwidth };
}

/** The least bandwidth of a machine that is bounded at some time of a run, bytes a second; 0 where none is. */
export function narrowest(
  { bandwidth }: MachineSpec,
  vm: number,
  events: readonly ScenarioEvent[],
): number {
  const all = [bandwidth];
  for (const event of events) all.push(changeIn(event, vm).bandwidth ?? 0);
  const bounded = all.filter((each) => each > 0);
  return bounded.length === 0 ? 0 : Math.min(...bounded);
}
