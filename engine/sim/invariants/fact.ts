/**
 * Facts: what a run tells its invariants, one value for each thing that was seen.
 *
 * Rule: a fact holds what was observed and what the oracle says of it; whoever judges needs nothing of the run but
 * facts and the ground, so that a test can feed it false ones.
 *
 * @module
 */
// Long because: everything that a judge is told stands in one union.

// Long because: it is one list of everything that is told, read as a whole.

import type { Json, JsonObject } from "../../core/base/json.ts";
import type { PointId } from "../../core/base/units.ts";
import type { TrackingBase } from "../../core/tracking/tracking_base.ts";
import type { Reply } from "../guests/guest.ts";
import type { Judgement, MachineHistory } from "../oracle/history.ts";
import type { HostName, WorldSpec } from "../scenario/scenario.ts";
import type { Sighting } from "../world.ts";

/** A recovery point as the replica lists it. */
export interface ListedPoint {
  readonly id: string;
  readonly parent: string | undefined;
  readonly generation: string;
  readonly applied: boolean;
  readonly broken: string | undefined;
  /** Standard, application-consistent, planned. */
  readonly kind: string;
  /** Protected time when it was staged, µs. */
  readonly protectedAt: number;
}

/** Why a point's image was read. */
export type ImageReason = "staged" | "again" | "failover" | "completed" | "test" | "exported";

/** Everything that is told. */
export type Fact =
  /** The primary made a cut. */
  | {
    readonly kind: "cut";
    readonly vm: string;
    readonly point: PointId;
    readonly instant: number;
    readonly closed: number;
  }
  /** Whether the guest was at rest when a point was cut: frozen, with nothing of it under way. */
  | {
    readonly kind: "rest";
    readonly vm: string;
    readonly point: PointId;
    readonly atRest: boolean;
  }
  /** A guest is frozen, for so long that its server could have thawed it, µs. */
  | { readonly kind: "frozen"; readonly vm: string; readonly micros: number }
  /** The primary was told that a point is staged. */
  | { readonly kind: "told-staged"; readonly vm: string; readonly point: PointId }
  /** The replica staged a point. */
  | { readonly kind: "staged"; readonly vm: string; readonly point: PointId }
  /** The replica dropped a point. */
  | { readonly kind: "dropped"; readonly vm: string; readonly point: PointId }
  /** The image of a point was read at the replica. */
  | {
    readonly kind: "image";
    readonly vm: string;
    readonly point: PointId;
    readonly image: readonly Uint8Array[];
    readonly why: ImageReason;
    /** The instant of the cut; `undefined` for a point that no cut made. */
    readonly cut: number | undefined;
    /** Bytes of every disk at the cut, as they were offered to the guest; `undefined` where nobody knows. */
    readonly sizes?: readonly number[] | undefined;
    /** What the oracle says of it. */
    readonly judgement: Judgement;
  }
  /** A point has a disk that is not its guest's, and that nobody writes to. */
  | {
    readonly kind: "added";
    readonly vm: string;
    readonly point: PointId;
    readonly disk: number;
    /** The first sector of it that is not as it was when it was added; `undefined` for none. */
    readonly wrong: number | undefined;
  }
  /** What the replica lists, looked at; `opened`: right after its server started. */
  | {
    readonly kind: "points";
    readonly vm: string;
    readonly points: readonly ListedPoint[];
    /** Which points are to be kept, as the administrator writes it. */
    readonly retention: string;
    /** Points that a view or a failover holds. */
    readonly held: number;
    readonly opened: boolean;
    readonly failedOver: boolean;
    /** Its failover was completed, whoever is its primary: one point is left, which goes on from the chosen one. */
    readonly completed: boolean;
    /** Bytes of the replica were damaged, or its devices failed, at some time. */
    readonly damaged: boolean;
    /** Bytes were changed behind its back. */
    readonly rotten: boolean;
  }
  /** What a tracked disk says of itself, and what is really on it. */
  | {
    readonly kind: "tracked";
    readonly host: HostName;
    readonly vm: string;
    readonly disk: number;
    readonly base: TrackingBase;
    /** Points issued since. */
    readonly issued: readonly PointId[];
    /** Which of the blocks `32 * word` to `32 * word + 31` are marked, as bits, lowest first. */
    marks(word: number): number;
    readonly blockSize: number;
    readonly content: Uint8Array;
    /** The number of the last change of some of its bytes; every change gets a greater one. */
    changed(at: number, length: number): number;
    readonly opened: boolean;
  }
  /** What a machine's disks held after its server died. */
  | {
    readonly kind: "survived";
    readonly vm: string;
    readonly how: "kill" | "power";
    readonly judgement: Judgement;
  }
  /** A guest was answered. */
  | {
    readonly kind: "reply";
    readonly reply: Reply;
    readonly excused: boolean;
    /** Its disk is one whose changes are tracked. */
    readonly tracked: boolean;
  }
  /** What a server says of a machine. */
  | {
    readonly kind: "status";
    readonly host: HostName;
    readonly vm: string;
    readonly status: JsonObject;
    /** Counts the server's processes. */
    readonly incarnation: number;
    /** When this one was started, and when its server was open, µs of world time. */
    readonly started: number;
    readonly opened: number;
    /** Nothing is wrong, and has not been for a while. */
    readonly quiet: boolean;
  }
  /** A verb ended, or has not ended for a long time. */
  | {
    readonly kind: "verb";
    readonly host: HostName;
    /** The host that was asked, where that is not the one whose part `host` names: roles have changed. */
    readonly at?: HostName;
    readonly vm: string;
    readonly verb: string;
    /** The failure's code, "" when it succeeded, `undefined` while it goes on. */
    readonly outcome: string | undefined;
    /** What it answered. */
    readonly value?: Json;
    readonly before: string;
    readonly after: string;
    /** µs since the world was well, or since it was asked. */
    readonly took: number;
  }
  /** The guest of a planned failover is about to start at the other site; what the disks there hold is judged as all that it did. */
  | {
    readonly kind: "moved";
    readonly vm: string;
    readonly judgement: Judgement;
    /** Disks that hold something else at the site that it left. */
    readonly different: readonly number[];
  }
  /** The first point behind a move is staged, and nothing came in between: what travelled for it, and what had changed, bytes of blocks. */
  | {
    readonly kind: "failback";
    readonly vm: string;
    readonly sent: number;
    readonly changed: number;
  }
  /** The server at a host died, or was stopped: what it held in memory is gone, also of machines with which nothing survived. */
  | { readonly kind: "died"; readonly host: HostName }
  /** A machine was compared with its replica by the administrator's word. */
  | { readonly kind: "verified"; readonly vm: string; readonly equal: boolean }
  /** Everything on a host is gone, and an empty one takes its place. */
  | { readonly kind: "destroyed"; readonly host: HostName }
  /** A replica was removed by its administrator. */
  | { readonly kind: "removed"; readonly vm: string }
  /** A test failover was deleted, and this is left of it. */
  | {
    readonly kind: "test-deleted";
    readonly vm: string;
    readonly name: string;
    readonly residue: readonly string[];
  }
  /** A test failover is not there any more, or cannot be read, and nobody deleted it. */
  | {
    readonly kind: "test-lost";
    readonly vm: string;
    readonly name: string;
    readonly why: string;
  }
  /** A server could not be opened. */
  | {
    readonly kind: "not-opened";
    readonly host: HostName;
    readonly code: string;
    readonly message: string;
    readonly damaged: boolean;
  }
  /** Space that one replication log or its old contents take. */
  | {
    readonly kind: "space";
    readonly name: string;
    readonly bytes: number;
    readonly bound: number | undefined;
    /** Sectors that its disk was asked to have at most. */
    readonly disk?: number;
  }
  /** A package was imported, or refused as `outcome` says. */
  | {
    readonly kind: "imported";
    readonly vm: string;
    /** It was changed on its way. */
    readonly damaged: boolean;
    /** The failure's code, "" when it succeeded. */
    readonly outcome: string;
    /** What the replica holds is otherwise than before. */
    readonly changed: boolean;
  }
  /** The primary may be let in from here on, or is shut out: the replica's server has said so. */
  | { readonly kind: "authorization"; readonly allowed: boolean }
  /** Where something of a machine's replica lies, and where it may. */
  | {
    readonly kind: "places";
    readonly vm: string;
    readonly places: readonly string[];
    readonly allowed: readonly string[];
  }
  /** What the primary's server may send in all, bytes a second; 0: no limit, or one that is being changed. */
  | { readonly kind: "limit"; readonly bandwidth: number }
  /** A point was chosen for a failover. */
  | {
    readonly kind: "failed-over";
    readonly vm: string;
    readonly asked: string;
    readonly started: string;
  }
  /** The deadline of convergence has come. */
  | {
    readonly kind: "deadline";
    readonly vm: string;
    readonly state: string;
    /** Health as the primary says. */
    readonly health: string;
    /** State as the replica says, "none" where there is none. */
    readonly replica: string;
    /** The newest point that was cut after the last fault healed, staged. */
    readonly converged: boolean;
    readonly detail: string;
  }
  /** The engine reported something. */
  | { readonly kind: "engine"; readonly sighting: Sighting }
  /** A while without writes and faults, and what happened in it. */
  | {
    readonly kind: "calm";
    readonly micros: number;
    readonly events: number;
    readonly bytes: number;
  };

/** Facts of one kind. */
export type FactOf<K extends Fact["kind"]> = Fact & { readonly kind: K };

/** What invariants may look at besides facts. */
export interface Ground {
  /** World time, µs. */
  readonly now: number;
  readonly world: WorldSpec;
  /** The shortest cycle that any machine has at any time of the run, µs. */
  readonly fastest: number;
  /** What the guest of `vm` did. */
  history(vm: string): MachineHistory | undefined;
  /** When a point was cut, in the oracle's order. */
  cutOf(point: string): number | undefined;
  /** What had been done to the disks of which a point was made, up to when; also of one that no cut made, but a demotion. */
  madeOf(
    point: string,
  ): { readonly instant: number; readonly history: MachineHistory } | undefined;
  /** Where the primary of a machine is: what another one does from then on is of the older side. */
  home(vm: string): HostName;
  /** Where its replica is. */
  away(vm: string): HostName;
  /** How often its primary has come to the other side. */
  moves(vm: string): number;
  /** True once the machine was to change sides in this run. */
  roaming(vm: string): boolean;
  /** The newest point that the primary was told is staged, and the newest that the replica staged. */
  newest(vm: string): { readonly told: string | undefined; readonly staged: string | undefined };
  /** What the replica holds durably of a delta that is not sealed. */
  openDelta(vm: string): { readonly id: string; readonly records: number } | undefined;
  /** True when storage at a host has failed, was full, or was changed behind its back. */
  doubtful(host: HostName): boolean;
  /** True when a host, or storage of it, is or was lately slower than usual or at a standstill. */
  slowed(host: HostName): boolean;
  /** True once a failover of the machine was completed. */
  retired(vm: string): boolean;
  /** True once bytes of the replica were changed behind its back. */
  readonly rotten: boolean;
  /** True once a replica's state was replaced by an older one; `rotten` as well then. */
  readonly restored: boolean;
  /** Says that an invariant does not hold. */
  violate(id: string, message: string): void;
}

/** An invariant. */
export interface Invariant {
  /** Its id in the catalogue. */
  readonly id: string;
  /** What always holds, in one sentence. */
  readonly about: string;
  /** Watches one run from its beginning; what it returns is told every fact of the kinds named. */
  begin(ground: Ground): Watch;
}

/** Handlers by kind of fact. */
export type Watch = { readonly [K in Fact["kind"]]?: (fact: FactOf<K>) => void };
