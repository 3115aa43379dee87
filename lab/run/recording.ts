/**
 * What is kept of a run: the trace, from which reports are computed, and the display states, from which a page draws.
 *
 * Rule: whoever reads a recording needs nothing of the engine. Times are µs of world time; bytes are those of the world that
 * is meant, that is, already multiplied by the scale. Everything is bounded (`RECORDING_BOUNDS`), and plain data that can be
 * sent to another thread.
 *
 * @module
 */
// Long because: one type for each thing that can be noted, of one union.

import type { DrillScenario } from "../scenario/drill_scenario.ts";

/** The most that a recording holds. */
export const RECORDING_BOUNDS = {
  /** Display states; when there are more, every second one of the oldest rhythm goes. */
  frames: 2000,
  /** Notes of each kind that may come often (points, health); of what comes more often the first ones are kept, and counted. */
  notes: 20_000,
  /** Cells of a disk's map. */
  cells: 256,
} as const;

/** A run, whole. */
export interface Recording {
  readonly scenario: DrillScenario;
  /** The seed that it was run with. */
  readonly seed: number;
  readonly engineHash: string;
  /** The rolling hash over every event of the run: 16 hex digits. */
  readonly traceHash: string;
  /** Events of the simulated world. */
  readonly events: number;
  /** When the run was over, convergence included. */
  readonly ended: number;
  /** The first invariant that did not hold. */
  readonly violation:
    | { readonly id: string; readonly message: string; readonly time: number }
    | undefined;
  /** Machines that had come to agree in time behind the end, by name; undefined where the run did not get so far. */
  readonly converged: Readonly<Record<string, boolean>> | undefined;
  /** In order of time. */
  readonly notes: readonly Note[];
  /** Notes that were left out, for there were too many. */
  readonly notesDropped: number;
  /** What each guest was told is done. */
  readonly writes: readonly WriteLog[];
  /** In order of time, the last one of the moment at which the script was over, unless an invariant was broken before. */
  readonly frames: readonly Frame[];
}

/** Acknowledged writes of one machine, in the order in which they were acknowledged. */
export interface WriteLog {
  readonly vm: string;
  /** In a scale model each entry stands for so many writes of the world that is meant, on average; otherwise for itself. */
  readonly each?: number;
  /** When each was acknowledged. */
  readonly times: Float64Array;
  /** Bytes of each. */
  readonly bytes: Float64Array;
  /** The branch on which each was written: which of `branches`. */
  readonly branch: Uint8Array;
  /**
   * A branch begins where a guest starts on a point: the first one at the beginning, another one with each failover that is
   * started and with each move. `from` is the point that it began with ("" for the first), `site` where it is written.
   */
  readonly branches: readonly {
    readonly at: number;
    readonly site: string;
    readonly from: string;
  }[];
}

/** A failure in the engine's own words, with the names of sites in them. */
export interface ToldFailure {
  /** The server would not do it: what was asked for is not possible, and nothing broke. */
  readonly refused: boolean;
  readonly message: string;
  /** What to do. */
  readonly action: string;
}

/** Something that happened. `step` names the step of the script behind it, where there is one. */
export type Note =
  & { readonly at: number; readonly step?: string }
  & (
    /** A step of the script. `why` says why it failed, or was not executed. */
    | {
      readonly kind: "step";
      readonly phase: "begun" | "done" | "failed" | "skipped";
      /** `failed`: the failure's code; `done`: `differs` where a comparison found that. */
      readonly code?: string;
      readonly why?: string;
      /** What the server said that was asked. */
      readonly failure?: ToldFailure;
    }
    /** A fault begins or is over. */
    | {
      readonly kind: "fault";
      readonly phase: "begin" | "end";
      readonly fault: string;
      readonly on: string;
      /** It damages bytes that nobody else has. */
      readonly spoils?: boolean;
    }
    /** An administrator asked for a verb, and what came of it. `code` is "" when it succeeded. */
    | {
      readonly kind: "verb";
      readonly phase: "asked" | "answered";
      readonly verb: string;
      readonly vm: string;
      readonly site: string;
      readonly code?: string;
      readonly failure?: ToldFailure;
      readonly took?: number;
      /** What a comparison of both sides found. */
      readonly equal?: boolean;
      /** Nobody's script asked for it: the administrators of the drill bring machines under protection by themselves. */
      readonly byItself: boolean;
    }
    /** Replication of a machine at a site is in another state. */
    | {
      readonly kind: "state";
      readonly vm: string;
      readonly site: string;
      readonly from: string;
      readonly to: string;
    }
    /** Health of a machine as a site says, with its messages. */
    | {
      readonly kind: "health";
      readonly vm: string;
      readonly site: string;
      readonly health: "Normal" | "Warning" | "Critical";
      readonly messages: readonly string[];
    }
    /** A host's power, or its server. */
    | {
      readonly kind: "host";
      readonly site: string;
      readonly what:
        | "up"
        | "down"
        | "dark"
        | "lit"
        | "destroyed"
        | "replaced"
        | "paused"
        | "resumed";
    }
    /** A guest runs, or does not any more. */
    | { readonly kind: "guest"; readonly vm: string; readonly site: string; readonly runs: boolean }
    /** A point was cut: it holds the machine's first `writes` acknowledged writes (of its branch and those before). */
    | {
      readonly kind: "cut";
      readonly vm: string;
      readonly site: string;
      readonly point: string;
      /** How many entries of the machine's `WriteLog` had been acknowledged. */
      readonly writes: number;
      /** Bytes to be sent for it. */
      readonly bytes: number;
    }
    | {
      readonly kind: "cut-failed";
      readonly vm: string;
      readonly site: string;
      readonly why: string;
    }
    /** Data was sent for a machine, bytes of blocks and on the wire. */
    | {
      readonly kind: "sent";
      readonly vm: string;
      readonly site: string;
      readonly bytes: number;
      readonly wire: number;
    }
    /** A point can be failed over to. */
    | {
      readonly kind: "staged";
      readonly vm: string;
      readonly site: string;
      readonly point: string;
    }
    /** A point is in the replica's disks. */
    | {
      readonly kind: "applied";
      readonly vm: string;
      readonly site: string;
      readonly point: string;
    }
    /** A point went as retention wants it. */
    | {
      readonly kind: "dropped";
      readonly vm: string;
      readonly site: string;
      readonly point: string;
    }
    /** A failover to a point, which may be one from before others. */
    | {
      readonly kind: "failover";
      readonly vm: string;
      readonly site: string;
      readonly phase: "started" | "cancelled" | "completed";
      readonly point: string;
    }
    /** A machine is written at another site from here on: `how` says by which way it came there. */
    | {
      readonly kind: "moved";
      readonly vm: string;
      readonly site: string;
      readonly how: "planned" | "reverse" | "resolved";
    }
    /** What this site alone had written when it gave way is kept there as a point. */
    | { readonly kind: "kept"; readonly vm: string; readonly site: string; readonly point: string }
    /** Bytes of a point, or of a started machine, were held against what its guest wrote. */
    | {
      readonly kind: "compared";
      readonly vm: string;
      readonly point: string;
      readonly why: "staged" | "again" | "failover" | "completed" | "test" | "exported" | "moved";
      readonly equal: boolean;
      readonly bytes: number;
    }
    /** The link. */
    | { readonly kind: "link"; readonly what: "connected" | "disconnected"; readonly why: string }
    /** A failure that an engine reported. */
    | {
      readonly kind: "failure";
      readonly vm: string;
      readonly site: string;
      readonly code: string;
      readonly message: string;
      readonly action: string;
    }
    /** Everything heals here: the script is over. */
    | { readonly kind: "healed" }
  );

/** What a page shows of one moment. */
export interface Frame {
  readonly at: number;
  readonly sites: readonly SiteFrame[];
  readonly link: LinkFrame;
  readonly machines: readonly MachineFrame[];
}

/** A site. */
export interface SiteFrame {
  readonly site: string;
  readonly power: "on" | "off" | "destroyed";
  readonly server: "up" | "down" | "paused";
  /** Its storage is full, slow, failing or stalled: what the faults in force say. */
  readonly troubles: readonly string[];
}

/** The link, each way: from the first site to the second, and back. */
export interface LinkFrame {
  readonly ways: readonly [WayFrame, WayFrame];
}

/** One direction. */
export interface WayFrame {
  /** Packets come through. */
  readonly open: boolean;
  /** Packets that vanish, millionths. */
  readonly loss: number;
  /** Bytes since the frame before, and a second at most; 0: without bound. */
  readonly bytes: number;
  readonly rate: number;
}

/** A machine. */
export interface MachineFrame {
  readonly vm: string;
  /** The site where it is the primary's. */
  readonly home: string;
  /** Sites at which its guest runs, and writes, in their order: none, one, or both where its history has split. */
  readonly runs: readonly string[];
  /** States as both sites say, in their order; "none" where it is not known, "down" where there is no server. */
  readonly states: readonly [string, string];
  readonly health: "Normal" | "Warning" | "Critical" | "none";
  /** µs in which a guest ran; null before the first point, and on a failover: nothing protects the machine. */
  readonly rpo: number | null;
  /** Bytes of blocks changed since the newest point that can be failed over to; null before the first point, and on a failover. */
  readonly backlog: number | null;
  /** Newest last, at most 32 of them. */
  readonly points: readonly PointFrame[];
  /** Points in all. */
  readonly pointCount: number;
  readonly disks: readonly DiskFrame[];
}

/** A recovery point. */
export interface PointFrame {
  readonly id: string;
  /** When it was cut. */
  readonly cut: number;
  readonly kind: "standard" | "application-consistent" | "planned";
  /** Staged alone, in the disks of the replica, failed over to, or broken. */
  readonly state: "staged" | "applied" | "in-use" | "broken";
}

/**
 * A disk as a map of cells, each for an equal part of it. A byte of `first` and `second` (the sites in their order) says in
 * which cycle the newest write of that part was made that the site has, 1 to 255 and round again, 0 for none: where the two
 * differ, the sites do. `changed` says how much of the part was written since the newest point, 0 to 255.
 */
export interface DiskFrame {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly changed: Uint8Array;
}
