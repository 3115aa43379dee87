/**
 * A drill as it is after reading: the world, the script, the expectations, every quantity in base units.
 *
 * Base units: time in µs, sizes in bytes, rates in bytes a second, shares in millionths. Sizes and rates are those of the
 * world that is meant; `scale` says how much smaller the simulated one is.
 *
 * Rule: plain data, and enough to run it. Nothing here knows YAML, units as people write them, or how a run works.
 *
 * @module
 */
// Long because: what a drill is made of is read as a whole.

import type { JsonObject } from "../../engine/core/base/json.ts";
import type { StorageSpeed } from "../../engine/sim/volume.ts";

/** The version of the format. */
export const FORMAT_VERSION = 1;

/** A whole drill. */
export interface DrillScenario {
  readonly formatVersion: typeof FORMAT_VERSION;
  /** Lower-case letters, digits and `-`: the name of its file. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** What happens, and what should come of it, derived by hand; may be empty. */
  readonly story: string;
  /** Seeds every stream of the run; a safe integer, not negative. */
  readonly seed: number;
  /** The engine that it was recorded with; another one refuses to call its outcome the same. */
  readonly engineHash?: string;
  /**
   * Administrators help by themselves, as in the random runs of `deno task prove`: they resume what stopped and bring up what
   * burned. Left out, they do what the script says until it is over.
   */
  readonly attended?: true;
  readonly world: DrillWorld;
  /** In the order in which they are written. */
  readonly script: readonly Step[];
  readonly expect: readonly Expectation[];
  /** When the drill is over, µs: from here on nothing is wrong any more, and the world must come to agree. */
  readonly end: number;
}

/** The world before anything happens. */
export interface DrillWorld {
  /** One simulated block stands for so many real ones of 4 KiB; 1 is no scale model. */
  readonly scale: number;
  /** Bytes of a simulated block: 4096 at scale 1 unless it is said otherwise, else 512. */
  readonly block: number;
  /** Bounds as small as can be, so that a small world meets them; no scale model, and a block is `block` bytes long. */
  readonly grain?: Grain;
  /** Where the machines are at first, and where their replicas are. */
  readonly sites: readonly [SiteSpec, SiteSpec];
  readonly link: LinkSpec;
  readonly machines: readonly DrillMachine[];
}

/** Bounds of servers in a world of random runs, which are small so that few writes meet them. */
export interface Grain {
  /** Blocks of a region of the replication log. */
  readonly region: number;
  /** Regions that may be hot at once. */
  readonly slots: number;
  /** Blocks of old contents that fit while points are cut. */
  readonly oldBlocks: number;
  /** Bytes of a packet on the link, at most. */
  readonly packet: number;
}

/** A site with its server. */
export interface SiteSpec {
  readonly name: string;
  readonly storage: StorageSpeed;
  /** What its wall clock is ahead of the world's, µs; negative where it is late. */
  readonly clock: number;
}

/** What is between the sites. */
export interface LinkSpec {
  readonly name: string;
  /** There and back, µs. */
  readonly rtt: number;
  /** Mean of what a packet takes on top, µs. */
  readonly jitter: number;
  /** Bytes a second each way; 0: without bound. */
  readonly rate: number;
}

/** A machine that is to be protected. */
export interface DrillMachine {
  readonly name: string;
  /** Bytes of each disk, as they are meant. */
  readonly disks: readonly number[];
  /** Of each disk so many millionths hold something before anything happens. */
  readonly used: number;
  /** Its disks are block devices, without a time of change. */
  readonly device: boolean;
  readonly workloads: readonly Workload[];
  readonly replication: ReplicationSpec;
  readonly objective: Objective;
}

/** How it is replicated, in the words of `replication enable`. */
export interface ReplicationSpec {
  /** Between two cycles, µs. */
  readonly frequency: number;
  /** Which points are kept, as an administrator writes it. */
  readonly retention: string;
  readonly compression: boolean;
  /** Bytes a second on the wire; 0: no bound. */
  readonly bandwidth: number;
  /** Between two application-consistent points, µs; 0: none. */
  readonly appConsistent: number;
  /** When resynchronizations may run: `auto`, `manual` or a window. */
  readonly resync: string;
  /** How the first copy comes to the replica. */
  readonly firstCopy: FirstCopySpec;
}

/** How the first copy comes to the replica. */
export type FirstCopySpec =
  | { readonly way: "network" }
  /** Over the network, after so many µs. */
  | { readonly way: "scheduled"; readonly after: number }
  /** From a file at the replica of which so many millionths of its sectors are otherwise. */
  | { readonly way: "existing-copy"; readonly stale: number }
  /** On a medium that is on its way for so many µs; something may happen to it there. */
  | { readonly way: "media"; readonly delay: number; readonly harm?: MediumHarm | undefined };

/** What happens to a medium. */
export interface MediumHarm {
  /** A bit flips, or the end is missing. */
  readonly kind: "none" | "flip" | "cut";
  /** Chooses file and place. */
  readonly pick: number;
  /** The server dies amid the import, once. */
  readonly stumble?: "kill" | "power" | undefined;
}

/** What its owner asks for; 0: nothing. */
export interface Objective {
  /** µs of work that may be lost. */
  readonly rpo: number;
  /** µs from the incident until it runs again. */
  readonly rto: number;
}

/** What a machine's guest does by itself. */
export interface Workload {
  /** Its own name among those of the machine: names its stream of random numbers. */
  readonly id: string;
  readonly kind: WorkloadKind;
  /** Which of the machine's disks. */
  readonly disk: number;
  /** Bytes a second that it writes while it is active; at their peak for `diurnal` and `bursts`. */
  readonly rate: number;
  /** Bytes of a request. */
  readonly size: number;
  /** From when until when it is active, µs. */
  readonly from: number;
  readonly until: number;
  /** The part of the disk that it touches from its beginning on, millionths. */
  readonly span: number;
  /** Writes that do not compress, millionths. */
  readonly rough: number;
  /** `bursts`: how long it writes and how long it rests, µs. */
  readonly on: number;
  readonly off: number;
  /** `zipf` and `database`: of the writes so many millionths go to that share of the span, and within that alike. */
  readonly hot: number;
  readonly hotWrites: number;
  /** `database`: writes between two flushes. */
  readonly commit: number;
  /** `diurnal`: the hour of the world's day at which it is busiest, 0 to 23, and what is left at night, millionths. */
  readonly peak: number;
  readonly night: number;
}

/** Kinds of workloads. */
export type WorkloadKind =
  /** Requests as chance brings them, anywhere. */
  | "steady"
  /** The same, following the hours of a day. */
  | "diurnal"
  /** Much for a while, then nothing. */
  | "bursts"
  /** Most of it to a few places. */
  | "zipf"
  /** From the beginning to the end, and again. */
  | "sequential"
  /** A log written in order and pages written here and there, with flushes. */
  | "database"
  /** Every block once, with what does not compress. */
  | "ransomware";

/** When a step begins. */
export type When =
  | { readonly at: number }
  /** So many µs behind an occurrence: `STEP` when a verb succeeded or a fault healed, `STEP.begin`, or `VM.OCCURRENCE`. */
  | { readonly after: string; readonly wait: number };

/** What occurs to a machine, for `after: VM.OCCURRENCE`; each at most once for a step, the first time from the step before on. */
export const OCCURRENCES = [
  /** The first copy is at the replica, and with it the first point. */
  "protected",
  /** A point is staged. */
  "staged",
  /** Its guest runs on a failover. */
  "failed-over",
  /** A planned failover has moved it, its guest runs at the other side. */
  "moved",
  /** Health as its primary says is not Normal, or is again. */
  "unwell",
  "well",
  /** Replication stopped in state Error. */
  "error",
] as const;

/** A step of the script. */
export type Step = StepHead & (FaultStep | VerbStep | GuestStep);

/** What all steps have. */
export interface StepHead {
  /** Its name: what is written, or `N` for the Nth. */
  readonly id: string;
  readonly when: When;
  /** Its line in the text that it was read from, from 1; 0 for none. */
  readonly line: number;
}

/** Something goes wrong. */
export interface FaultStep {
  readonly kind: "fault";
  /** An id of the registry, as `link.loss`. */
  readonly fault: string;
  /**
   * The site, the link or the machine that it hits; with `VM/N` one disk, where the machine's guest is, with `VM/N@SITE` the
   * one at that site.
   */
  readonly on: string;
  /** How long it lasts, µs; 0 for what has no duration, and for what heals at the end alone. */
  readonly for: number;
  /** Its parameters in base units, defaults filled in. */
  readonly params: Readonly<Record<string, number | string | boolean>>;
}

/** An administrator types a verb. */
export interface VerbStep {
  readonly kind: "verb";
  /** The words of the verb table. */
  readonly verb: string;
  /** The machine that is meant; "" for verbs about a whole server. */
  readonly vm: string;
  /** The site whose server is asked; "" for the side of the machine that the verb is for. */
  readonly on: string;
  /** The side of the machine whose server is asked, wherever that is; left out where `on` says it, or the verb. */
  readonly side?: Side;
  /** Its arguments, as the verb table has them; `point` may be `{ newest: N }` or `{ before: STEP }`. */
  readonly args: JsonObject;
  /**
   * Whoever types it sees to it: looks whether it can be, and does what belongs to it. Left out, it is typed as it stands,
   * and the engine says whether it can be.
   */
  readonly careful?: true;
  /** Of a careful test failover: so many writes does the guest of the test. */
  readonly writes?: number;
}

/** The side of a machine. */
export type Side = "primary" | "replica";

/** The guest is told to do one thing. */
export interface GuestStep {
  readonly kind: "guest";
  readonly guest: "write" | "zero" | "read" | "flush" | "reconnect" | "stop" | "start";
  readonly vm: string;
  readonly disk: number;
  /** Bytes; for writes, zeros and reads. */
  readonly offset: number;
  readonly length: number;
  readonly rough: boolean;
}

/** Bounds of a number; `about` is met within 10 %. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly about?: number;
}

/** What must have come true at the end. */
export type Expectation =
  /** What a machine lost and how long it was gone; of its last recovery. */
  | {
    readonly kind: "machine";
    readonly vm: string;
    readonly rpo?: Range;
    readonly rto?: Range;
    readonly lostWrites?: Range;
    readonly lostBytes?: Range;
    /** The highest RPO that it ever had, µs. */
    readonly worstRpo?: Range;
    /** Where its guest runs at the end: a site, or "" for nowhere. */
    readonly runsAt?: string;
    readonly line: number;
  }
  /** Invariants hold all the time: every one, or those listed. */
  | { readonly kind: "invariants"; readonly ids: readonly string[] | "all"; readonly line: number }
  /** When everything has healed, every machine that is replicated has a point of its own time within so many cycles. */
  | { readonly kind: "converges"; readonly cycles: number; readonly line: number }
  /** How a step ended: `done`, `refused`, or the code of a failure. */
  | {
    readonly kind: "step";
    readonly step: string;
    readonly outcome: string;
    readonly line: number;
  };
