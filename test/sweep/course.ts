/**
 * Courses: what a life consists of. A course is phases in their order; a feature gives its phases in a file of
 * its own in `phases/` and sweeps them in a test file of its own, so that sweeps run side by side.
 *
 * @module
 */

import type { ReplicaMachine } from "../../engine/core/replica/replica_machine.ts";
import type { Server } from "../../engine/core/server/server.ts";
import type { Drill } from "../../engine/sim/scenario/drill.ts";
import type { MachineRun } from "../../engine/sim/scenario/machine_run.ts";

/** Points that the machine of a life keeps. */
export const LIFE_KEEP = 2;

/** What a phase knows of the life that it is in. */
export interface Stage {
  readonly drill: Drill;
  /** The only machine. */
  readonly machine: MachineRun;
  /** The server at `a` while it is open. */
  readonly here: Server | undefined;
  /** The replica of the machine at `b` while there is one. */
  readonly there: ReplicaMachine | undefined;
  /** The guest at `a` writes for a while: before, amid and behind a cut that is asked for at once. */
  write(): void;
  /** True when the primary was told of `count` points cut since world time `since`. */
  staged(since: number, count: number): boolean;
  /** When `verb` was last answered without a failure, in world time; -1 for never. */
  answered(verb: string): number;
  /** A verb that begins or ends a failover is asked: until its answer either may be the case. */
  unsure(): void;
}

/** One run of a phase: what is asked for, again and again, until it is done. */
export interface PhaseRun {
  /** Asks; a verb whose effect is there already is not asked again. */
  readonly begin: () => void;
  readonly done: () => boolean;
}

/** A phase. */
export interface Phase {
  /** Different in each phase of a course. */
  readonly name: string;
  /** It leaves the machine amid something that later phases end: behind a crash the life goes on to those. */
  readonly open?: boolean;
  run(life: Stage): PhaseRun;
}
