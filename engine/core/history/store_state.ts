/**
 * The state of one replica: what it is, which points it lists, who holds them. One value, replaced as
 * a whole; how it reaches the disk is `state_file.ts`.
 *
 * @module
 */

import type { Json, JsonObject } from "../base/json.ts";
import { asObject } from "../base/json.ts";
import { DISKS_MAX, POINTS_MAX } from "../base/limits.ts";
import type { GenerationId, MachineId, PointId, SeedId } from "../base/units.ts";
import { isIdentity } from "../base/units.ts";
import { type Geometry, isGeometry } from "../block/geometry.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import {
  type Field,
  identity,
  integer,
  list,
  name,
  nullable,
  object,
  optional,
} from "../wire/fields.ts";
import { SIZES } from "../wire/point.ts";
import { type Retention, retentionField, retentionFrom, retentionText } from "../wire/retention.ts";
import { isName } from "../base/name.ts";
import { HOLDS_MAX } from "./bounds.ts";
import { POINT_RECORD, pointFrom, pointJson, type PointRecord } from "./recovery_point.ts";

/** Everything a replica knows durably but the contents. */
export interface StoreState {
  readonly machine: MachineId;
  readonly name: string;
  /** Bytes that each disk may have, by index: the largest size it was said to have. Points have their own. */
  readonly sizes: readonly number[];
  readonly geometry: Geometry;
  readonly generation: GenerationId;
  /** Which points are kept. */
  readonly retention: Retention;
  /** The upper layers' small document. */
  readonly extra: Json;
  /** The initial replication in progress. */
  readonly seed: SeedId | undefined;
  /** Oldest first. */
  readonly points: readonly PointRecord[];
  /** How many of `points`, from the oldest, are applied; the last of them is what the disks hold. */
  readonly applied: number;
  /** Protected time at the newest staging, µs. */
  readonly protectedTime: number;
  /** Every disk as it was after the last apply (R9); empty while that is not known. */
  readonly stamps: readonly DiskIdentity[];
  /** Points that must stay, by the name of the hold (R7). */
  readonly holds: ReadonlyMap<string, PointId>;
  /** The disks are not trusted until they were compared with the digests (R9, R11). */
  readonly suspect: boolean;
  /**
   * The newest point when a comparison last found the disks to differ: what of them had rotted nobody knows, so
   * the apply of a later point counts their digests anew (R6).
   */
  readonly doubted?: PointId | undefined;
  /** The raw disks belong to the machine itself: the store never touches them again (R9). */
  readonly released: boolean;
  /**
   * Where each disk lies: the path of one that was adopted where it was, or `null` for one of the
   * replica's own folder. Empty for a replica that has adopted none.
   */
  readonly places: readonly (string | null)[];
}

const anything: Field<Json> = { describe: "anything", check: () => undefined };
const stampText: Field<string> = {
  describe: "text, at most 256 characters",
  check: (value) => typeof value === "string" && value.length <= 256 ? undefined : "is no text",
};
const pathText: Field<string> = {
  describe: "text, at most 4096 characters",
  check: (value) => typeof value === "string" && value.length <= 4096 ? undefined : "is no text",
};
const flag: Field<boolean> = {
  describe: "true or false",
  check: (value) => typeof value === "boolean" ? undefined : "is neither true nor false",
};
const count = integer(0, Number.MAX_SAFE_INTEGER);

const STATE = object({
  machine: identity("machine"),
  name: name("machine"),
  sizes: SIZES,
  geometry: object({ blockSize: count, regionSize: count }),
  generation: identity("generation"),
  retention: optional(retentionField()),
  // What older states have in its place: so many of the newest points.
  keep: optional(integer(1, POINTS_MAX)),
  extra: anything,
  seed: nullable(identity("seed")),
  points: list(POINT_RECORD, 0, POINTS_MAX),
  applied: integer(0, POINTS_MAX),
  protectedTime: count,
  stamps: list(
    object({
      device: stampText,
      inode: stampText,
      size: count,
      changed: stampText,
      stamped: flag,
    }),
    0,
    DISKS_MAX,
  ),
  holds: anything,
  suspect: flag,
  doubted: optional(identity("point")),
  released: flag,
  places: optional(list(nullable(pathText), 0, DISKS_MAX)),
});

/** `state` as JSON. */
export function stateJson(state: StoreState): JsonObject {
  const { blockSize, regionSize } = state.geometry;
  const holds: Record<string, string> = {};
  for (const [hold, point] of state.holds) holds[hold] = point;
  const stamps = state.stamps.map(({ device, inode, size, changed, stamped }) => {
    return { device, inode, size, changed, stamped };
  });
  return {
    machine: state.machine,
    name: state.name,
    sizes: state.sizes,
    geometry: { blockSize, regionSize },
    generation: state.generation,
    retention: retentionText(state.retention),
    extra: state.extra,
    seed: state.seed ?? null,
    points: state.points.map(pointJson),
    applied: state.applied,
    protectedTime: state.protectedTime,
    stamps,
    holds,
    suspect: state.suspect,
    ...(state.doubted === undefined ? {} : { doubted: state.doubted }),
    released: state.released,
    ...(state.places.length === 0 ? {} : { places: state.places }),
  };
}

/** The state that `json` spells, or `undefined` when it is none or contradicts itself. */
export function stateFrom(json: Json | undefined): StoreState | undefined {
  if (json === undefined || STATE.check(json) !== undefined) return undefined;
  const raw = json as unknown as StoreState & { readonly seed: SeedId | null };
  const holds = holdsFrom(asObject((json as JsonObject)["holds"]));
  if (holds === undefined || !isGeometry(raw.geometry.blockSize, raw.geometry.regionSize)) {
    return undefined;
  }
  const points: PointRecord[] = [];
  for (const each of (json as JsonObject)["points"] as readonly Json[]) {
    const point = pointFrom(each);
    const last = points[points.length - 1];
    if (point === undefined || !fits(point.sizes, raw.sizes)) return undefined;
    // The parent of a point whose elder was dropped is not listed; that of any other is its elder
    // or was merged away between them.
    if (last !== undefined && point.parent === undefined) return undefined;
    points.push(point);
  }
  const retention = retentionFrom((json as JsonObject)["retention"], (json as JsonObject)["keep"]);
  if (retention === undefined) return undefined;
  if (raw.applied > points.length || (points.length > 0 && raw.applied === 0)) return undefined;
  const places = raw.places ?? [];
  // Disks that were added since lie in the replica's folder.
  if (places.length > raw.sizes.length) return undefined;
  return { ...raw, seed: raw.seed ?? undefined, points, retention, holds, places };
}

/** True when disks of `sizes` lie within those of `bounds`. */
export function fits(sizes: readonly number[], bounds: readonly number[]): boolean {
  return sizes.length <= bounds.length && sizes.every((size, at) => size <= (bounds[at] ?? 0));
}

/**
 * Bytes that the file of every disk has once a point was applied, by index: of the disks that the point has, and of
 * those of which it brings a part of the first copy.
 */
export function filedSizes(
  { sizes, arriving }: Pick<PointRecord, "sizes" | "arriving">,
): readonly number[] {
  return arriving === undefined ? sizes : largest(sizes, arriving);
}

/** The larger size of every disk. */
export function largest(left: readonly number[], right: readonly number[]): number[] {
  const longer = left.length < right.length ? right : left;
  return longer.map((_, at) => Math.max(left[at] ?? 0, right[at] ?? 0));
}

function holdsFrom(json: JsonObject | undefined): Map<string, PointId> | undefined {
  if (json === undefined) return undefined;
  const holds = new Map<string, PointId>();
  for (const hold of Object.keys(json).sort()) {
    const point = json[hold];
    if (!isName(hold) || !isIdentity(point) || holds.size === HOLDS_MAX) return undefined;
    holds.set(hold, point as PointId);
  }
  return holds;
}
