/**
 * Recovery points: what their writer declares, what the replica adds, and how both are kept (R6).
 *
 * Rule: a listed point never changes but for `applied` and for what damage does to it.
 *
 * @module
 */

import type { Json, JsonObject } from "../base/json.ts";
import { integer, list, object, oneOf } from "../wire/fields.ts";
import { digestOrNone, type Field, identity, nullable, optional } from "../wire/fields.ts";
import { DISKS_MAX } from "../base/limits.ts";
import { type PointDeclaration, type PointKind, SIZES } from "../wire/point.ts";
import type { PointId } from "../base/units.ts";

export type { PointDeclaration, PointKind } from "../wire/point.ts";

/** What the replica keeps of a point. */
export interface PointRecord extends PointDeclaration {
  /** Protected time in µs: how long this machine had been protected when the point was staged (R7). */
  readonly protectedAt: number;
  /** Bytes of disk that its delta changes; those of all disks for a first point. */
  readonly bytes: number;
  /** Set digest of every disk in hex (R6); "" until the point was applied. */
  readonly digests: readonly string[];
}

/** A point as it is listed. */
export interface RecoveryPoint extends PointRecord {
  /** Whether the raw disks have been brought to it; a staged point can be failed over to as well. */
  readonly applied: boolean;
  /** Why it is not to be read, naming the damaged file where there is one; `undefined` while it is. */
  readonly broken: string | undefined;
  /** No file of it is damaged, but the disks were not compared with the digests yet (R9). */
  readonly unverified: boolean;
}

const RECORD = object({
  id: identity("point"),
  parent: nullable(identity("point")),
  generation: identity("generation"),
  cutAt: integer(0, Number.MAX_SAFE_INTEGER),
  kind: oneOf<PointKind>("standard", "application-consistent", "planned"),
  sizes: SIZES,
  placeholders: optional(SIZES),
  arriving: optional(SIZES),
  protectedAt: integer(0, Number.MAX_SAFE_INTEGER),
  bytes: integer(0, Number.MAX_SAFE_INTEGER),
  digests: list(digestOrNone(), 1, DISKS_MAX),
});

/** Descriptor of a point as it is kept. */
export const POINT_RECORD: Field<unknown> = RECORD;

/** `point` as JSON. */
export function pointJson(point: PointRecord): JsonObject {
  const { id, generation, cutAt, kind, sizes, protectedAt, bytes, digests } = point;
  const parent = point.parent ?? null;
  const { placeholders, arriving } = point;
  const others = {
    ...(placeholders === undefined ? {} : { placeholders }),
    ...(arriving === undefined ? {} : { arriving }),
  };
  return { id, parent, generation, cutAt, kind, sizes, ...others, protectedAt, bytes, digests };
}

/** The point that `json` spells, or `undefined` when it is no point. */
export function pointFrom(json: Json | undefined): PointRecord | undefined {
  if (json === undefined || RECORD.check(json) !== undefined) return undefined;
  const record = json as unknown as PointRecord & { readonly parent: PointId | null };
  if (record.digests.length !== record.sizes.length) return undefined;
  return { ...record, parent: record.parent ?? undefined };
}

/** True when two lists of numbers or texts are the same. */
export function sameList<T extends number | string>(
  left: readonly T[],
  right: readonly T[],
): boolean {
  return left.length === right.length && left.every((value, at) => value === right[at]);
}
