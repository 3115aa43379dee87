/**
 * Generations: who may write a machine's history, and how two histories relate (L1).
 *
 * @module
 */

import type { Json, JsonObject } from "../base/json.ts";
import { ANCESTRY_MAX } from "../base/limits.ts";
import { type GenerationId, isIdentity, type PointId } from "../base/units.ts";
import type { GenerationRecord } from "../wire/point.ts";

/** A machine's generations, newest first; the first is the one in force. Never empty. */
export type Ancestry = readonly GenerationRecord[];

/** How the history told by a peer relates to ours. */
export type Relation = "same" | "older" | "newer" | "split" | "unrelated";

/** The relation of `theirs` to `mine`: `older` when theirs is an ancestor of ours, and so on. */
export function relate(mine: Ancestry, theirs: Ancestry): Relation {
  const ours = mine[0]?.generation;
  const other = theirs[0]?.generation;
  if (ours === undefined || other === undefined) return "unrelated";
  if (ours === other) return "same";
  if (mine.some((record) => record.generation === other)) return "older";
  if (theirs.some((record) => record.generation === ours)) return "newer";
  const known = new Set(mine.map((record) => record.generation));
  return theirs.some((record) => known.has(record.generation)) ? "split" : "unrelated";
}

/** The first generation of a machine, written by `writer`. */
export function firstGeneration(generation: GenerationId, writer: string): GenerationRecord {
  return { generation, parent: null, branch: null, writer, reason: "created" };
}

/** `ancestry` with a generation that branches off its newest at `branch`, bounded to ANCESTRY_MAX. */
export function beginGeneration(
  ancestry: Ancestry,
  generation: GenerationId,
  branch: PointId,
  writer: string,
  reason: string,
): Ancestry {
  const parent = ancestry[0]?.generation ?? null;
  return [{ generation, parent, branch, writer, reason }, ...ancestry].slice(0, ANCESTRY_MAX);
}

/**
 * The generation in which `point` was cut, a point that a machine of this history has: the one in force, or, for a point
 * at which generations begin, the parent of the oldest of these.
 */
export function generationOf(ancestry: Ancestry, point: PointId): GenerationId {
  const begun = ancestry.findLast(({ branch }) => branch === point);
  return begun?.parent ?? begun?.generation ?? (ancestry[0] as GenerationRecord).generation;
}

/** An ancestry as a record holds it. */
export function ancestryToJson(ancestry: Ancestry): Json {
  return ancestry.map((record) => ({ ...record }));
}

/** An ancestry from a record; `undefined` when it is not one. */
export function ancestryFromJson(json: Json | undefined): Ancestry | undefined {
  if (!Array.isArray(json) || json.length === 0 || json.length > ANCESTRY_MAX) return undefined;
  const records: GenerationRecord[] = [];
  for (const item of json as readonly Json[]) {
    const record = recordFromJson(item as JsonObject);
    if (record === undefined) return undefined;
    records.push(record);
  }
  return records;
}

function recordFromJson(json: JsonObject): GenerationRecord | undefined {
  const { generation, parent, branch, writer, reason } = json ?? {};
  if (!isIdentity(generation) || !(parent === null || isIdentity(parent))) return undefined;
  if (!(branch === null || isIdentity(branch))) return undefined;
  if (typeof writer !== "string" || typeof reason !== "string") return undefined;
  return {
    generation: generation as GenerationId,
    parent: parent as GenerationId | null,
    branch: branch as PointId | null,
    writer,
    reason,
  };
}
