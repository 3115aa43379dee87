/**
 * What one server process is told at its start.
 *
 * @module
 */

import type { Geometry } from "../block/geometry.ts";
import type { HistoryBounds } from "../history/bounds.ts";
import type { CommandLimits } from "../relationship/guest_commands.ts";

/** Settings of one server. */
export interface ServerSettings {
  /** This server's name, the same as in its certificate. */
  readonly name: string;
  /** Where peers connect, `host:port`; `undefined` for a server that receives nothing. */
  readonly listen: string | undefined;
  /** Geometry of disks protected from now on. */
  readonly geometry: Geometry;
  /** Regions of one disk that may be hot at once. */
  readonly slots: number;
  /** Bound of each `.cow`, bytes. */
  readonly cowSizeMax: number;
  /** Bytes of a run of a first copy between two cycles; a real server's unless a scale model has smaller ones. */
  readonly copyRun?: number;
  /** What bounds the memory of each replica here; a real server's unless a scale model has smaller ones. */
  readonly history?: HistoryBounds;
  /** How long commands may take; a real server's unless a scale model has shorter ones. */
  readonly commands?: CommandLimits;
}
