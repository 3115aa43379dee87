/**
 * What peers tell each other about points and generations: the shapes alone.
 *
 * Rule: one descriptor gives type and validation. What the values mean, and who may declare them, is
 * the matter of history and lineage.
 *
 * @module
 */

import { ANCESTRY_MAX, DISK_SIZE_MAX, DISKS_MAX } from "../base/limits.ts";
import type { GenerationId, PointId } from "../base/units.ts";
import type { Field, ObjectOf } from "./fields.ts";
import {
  identity,
  integer,
  list,
  name,
  nullable,
  object,
  oneOf,
  optional,
  word,
} from "./fields.ts";

/** How a recovery point came to be. */
export type PointKind = "standard" | "application-consistent" | "planned";

/** Descriptor of the sizes of a machine's disks by index; 0: none there. */
export const SIZES = list(integer(0, DISK_SIZE_MAX), 1, DISKS_MAX);

const POINT_FIELDS = {
  /** The point itself. */
  id: identity<PointId>("point"),
  /** The point it is a delta to; none for the first of a seed. */
  parent: optional(identity<PointId>("point")),
  /** The generation in which it was written. */
  generation: identity<GenerationId>("generation"),
  /** Wall time of the cut in µs since 1970; for people only. */
  cutAt: integer(0, Number.MAX_SAFE_INTEGER),
  kind: oneOf<PointKind>("standard", "application-consistent", "planned"),
  /** Bytes of every disk at the cut, by its index; 0 for an index without a disk in this point. */
  sizes: SIZES,
  /** Bytes of the disks that the machine had and that are not replicated, by index; 0 for every other. */
  placeholders: optional(SIZES),
  /**
   * Bytes of the disks whose first copy is under way, by index; 0 for every other. The delta brings some of their
   * blocks, so that those behind it do not have to; the point has none of them.
   */
  arriving: optional(SIZES),
};

const GENERATION_FIELDS = {
  generation: identity<GenerationId>("generation"),
  /** The generation it branched from; null for a machine's first. */
  parent: nullable(identity<GenerationId>("generation")),
  /** The point of the parent at which it began; null for a machine's first. */
  branch: nullable(identity<PointId>("point")),
  /** Name of the server that writes it. */
  writer: name("server"),
  /** Why it began, e.g. `enabled` or `failover`. */
  reason: word(),
};

/** A point as its writer declares it (R6). */
export type PointDeclaration =
  & Omit<ObjectOf<typeof POINT_FIELDS>, "placeholders" | "arriving">
  & { readonly placeholders?: readonly number[]; readonly arriving?: readonly number[] };
/** A generation of a machine's history, one link of an ancestry (L1). */
export type GenerationRecord = ObjectOf<typeof GENERATION_FIELDS>;

/** Descriptor of a point declaration. */
export const POINT: Field<PointDeclaration> = object(POINT_FIELDS) as Field<PointDeclaration>;
/** Descriptor of a generation. */
export const GENERATION = object(GENERATION_FIELDS);
/** Descriptor of an ancestry, newest first. */
export const ANCESTRY = list(GENERATION, 1, ANCESTRY_MAX);
