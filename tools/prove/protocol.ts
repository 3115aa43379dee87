/**
 * What workers of `deno task prove` are told and tell.
 *
 * @module
 */

import type { Violation } from "../../engine/sim/world.ts";

/** Seeds for one worker: `seed`, `seed + stride`, and so on. */
export interface Order {
  readonly seed: number;
  readonly stride: number;
  readonly runs: number;
  /** ms since 1970 after which no run begins. */
  readonly until: number;
}

/** What a worker has done since it last spoke. */
export interface Progress {
  readonly runs: number;
  readonly events: number;
  /** Simulated µs. */
  readonly micros: number;
  /** The first seed that broke something: the worker stops there. */
  readonly found: { readonly seed: number; readonly violation: Violation } | undefined;
  /** It has nothing more to do. */
  readonly done: boolean;
  /** How often each probe fired. */
  readonly probes: ReadonlyMap<string, number>;
}
