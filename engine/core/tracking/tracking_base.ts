/**
 * What the bits of a replication log are relative to, and how tracking of one disk is asked for.
 *
 * @module
 */

import type { MachineId, PointId, SeedId } from "../base/units.ts";
import type { Geometry } from "../block/geometry.ts";
import type { Folder } from "../ports/folder.ts";

/** The state of the replica's disk from which the bits tell how this disk differs (T4). */
export type TrackingBase =
  | { readonly kind: "none" }
  | { readonly kind: "seed"; readonly seed: SeedId }
  | { readonly kind: "point"; readonly point: PointId };

/** How one disk is tracked. */
export interface TrackingOptions {
  /** Granularity; the one a `.hrl` was made with must be asked for again. */
  readonly geometry: Geometry;
  /** Regions that may be hot at once; decided when the `.hrl` is made (T8). */
  readonly slots: number;
  /** Bytes of old contents that a frozen view may keep beside the disk. */
  readonly cowSizeMax: number;
  /** Where the untrusted mark of an unwritable `.hrl` goes: another file system, if possible (T7). */
  readonly marks: Folder;
  /** Whose disk it is. */
  readonly machine: MachineId;
  /** Index of the disk in its machine. */
  readonly disk: number;
}

/** What opening a `.hrl` found. */
export interface Recovery {
  /** `clean`: bits exact. `unclean`: hot regions are suspected. `whole`: every block is. */
  readonly kind: "clean" | "unclean" | "whole";
  /** Why, for people. */
  readonly reason: string;
  /** Bytes that are compared by digest before they are sent. */
  readonly suspectedBytes: number;
}
