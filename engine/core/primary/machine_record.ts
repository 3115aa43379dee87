/**
 * What the record of a machine at its primary holds, as JSON and back.
 *
 * Rule: what a record says is checked before it is believed. One that makes no sense is refused as a whole; of what
 * may be wanting, and of disks that join, nothing stands for what makes none.
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";
import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { type GenerationId, isIdentity, type MachineId, type PointId } from "../base/units.ts";
import { type Ancestry, ancestryFromJson, ancestryToJson } from "../lineage/generation.ts";
import { type Branch, branchFromJson, branchToJson } from "../lineage/branch.ts";
import { type Writer, writerFromJson } from "../lineage/writer.ts";
import { failureFromJson } from "../relationship/failure_class.ts";
import { planFromJson, planToJson, type SeedingPlan } from "../relationship/seeding_plan.ts";
import {
  type RelationshipSettings,
  settingsFromJson,
  settingsToJson,
} from "../relationship/settings.ts";
import { isState, type ReplicationState } from "../relationship/state.ts";
import type { DiskPart, MachineDisk } from "./machine_disk.ts";
import { type Planned, plannedFromJson, plannedToJson } from "./planned.ts";

/** Name of a machine's record in its folder. */
export const MACHINE_RECORD = "machine.json";

/** Disks whose first copies end with a point, by index. */
export interface Joins {
  readonly point: PointId;
  readonly disks: readonly number[];
}

/** What a machine is made of. */
export interface MachineParts {
  readonly id: MachineId;
  readonly name: string;
  readonly disks: readonly MachineDisk[];
  readonly state: ReplicationState;
  readonly settings: RelationshipSettings | undefined;
  readonly plan: SeedingPlan | undefined;
  readonly because: Failure | undefined;
  readonly ancestry: Ancestry;
  readonly writer: Writer;
  readonly branch: Branch | undefined;
  readonly yieldsTo: GenerationId | undefined;
  readonly planned: Planned | undefined;
  readonly joins: Joins | undefined;
}

/** What a record holds, with paths in place of disks. */
export type ParsedRecord = Omit<MachineParts, "disks"> & {
  readonly paths: readonly string[];
  /** What each disk is; those that older records do not tell of are replicated. */
  readonly parts: readonly DiskPart[];
};

/** The record that says `parts`. */
export function recordJson(parts: ParsedRecord): JsonObject {
  const {
    id,
    name,
    paths,
    parts: told,
    state,
    settings,
    plan,
    ancestry,
    writer,
    branch,
    yieldsTo,
    planned,
  } = parts;
  const { because, joins } = parts;
  return {
    version: 1,
    id,
    name,
    disks: paths,
    parts: told,
    state,
    settings: settings === undefined ? null : settingsToJson(settings),
    seeding: planToJson(plan),
    because: because === undefined ? null : { ...because },
    ancestry: ancestryToJson(ancestry),
    writer,
    branch: branchToJson(branch),
    yieldsTo: yieldsTo ?? null,
    planned: plannedToJson(planned),
    joins: joins === undefined ? null : { ...joins },
  };
}

/** What `record` says; `undefined` for one that makes no sense. */
export function parseRecord(record: JsonObject): ParsedRecord | undefined {
  const { id, name, disks, state, settings, ancestry } = record;
  if (!isIdentity(id) || typeof name !== "string" || !isState(state)) return undefined;
  if (!Array.isArray(disks) || !disks.every((path) => typeof path === "string")) return undefined;
  const generations = ancestryFromJson(ancestry);
  const writer = writerFromJson(record["writer"]);
  if (generations === undefined || writer === undefined) return undefined;
  const chosen = settingsFromJson(asObject(settings as Json | undefined));
  if (chosen === undefined && state !== "Disabled") return undefined;
  const branch = branchFromJson(record["branch"]);
  const yieldsTo = record["yieldsTo"] ?? undefined;
  const planned = plannedFromJson(record["planned"]);
  if (planned === null || (planned === undefined) === (state === "PreparedForFailover")) {
    return undefined;
  }
  const told = record["parts"] ?? [];
  if (!Array.isArray(told) || !told.every(isPart)) return undefined;
  if (branch === null || (yieldsTo !== undefined && !isIdentity(yieldsTo))) return undefined;
  return {
    id: id as MachineId,
    name,
    paths: disks as string[],
    parts: told as DiskPart[],
    state,
    settings: chosen,
    plan: planFromJson(record["seeding"]),
    because: failureFromJson(record["because"]),
    ancestry: generations,
    writer,
    branch,
    yieldsTo: yieldsTo as GenerationId | undefined,
    planned,
    joins: joinsFromJson(record["joins"]),
  };
}

/** What a record says of disks that join; nothing where it makes no sense: then they are copied once more. */
function joinsFromJson(json: Json | undefined): Joins | undefined {
  const { point, disks } = asObject(json) ?? {};
  if (!isIdentity(point) || !Array.isArray(disks)) return undefined;
  const sound = disks.every((disk) => Number.isSafeInteger(disk));
  return sound ? { point: point as PointId, disks: disks as number[] } : undefined;
}

function isPart(json: Json): boolean {
  return json === "replicated" || json === "joining" || json === "excluded" || json === "removed";
}
