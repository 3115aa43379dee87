/**
 * How a machine's first copy comes to the replica, as the administrator chose it (M23 to M27): over the
 * network, from a copy that is there already, or on media; and when it is to begin.
 *
 * It is durable with the machine's record, so that a restart goes on with the same way, or starts at the
 * same time. It does not know disks or peers.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { isIdentity, type PointId, type SeedId } from "../base/units.ts";
import { DAY, MINUTE } from "../base/units.ts";
import { nextTimeOfDay, parseLocal, parseTimeOfDay, type Zone } from "./local_time.ts";

/** The ways in which a first copy comes to the replica. */
export type SeedingMethod = "network" | "existing-copy" | "export";

/** How far ahead a start may be scheduled. */
export const START_AHEAD_MAX = 30 * DAY;
/** A start this much in the past is meant for now: whoever typed it took a while. */
const START_PAST_MAX = 1 * MINUTE;

/** A package on media that is complete. */
export interface ExportedPackage {
  /** The point that the package holds. */
  readonly point: PointId;
  /** BLAKE3 of its manifest, 64 hex digits: the replica takes no other. */
  readonly digest: string;
  /** The folder that holds it, for people. */
  readonly folder: string;
}

/** The secret with which a package is sealed. It is here until the package was imported, or is not wanted any more. */
export interface PackageKey {
  /** The package that it seals, and no other. */
  readonly seed: SeedId;
  /** 32 random bytes, as 64 hex digits. */
  readonly key: string;
}

/** How initial replication is to come about. */
export interface SeedingPlan {
  readonly method: SeedingMethod;
  /** When it is to begin, wall time in µs since 1970; `undefined` once it was started. */
  readonly at: number | undefined;
  /** The folder on media to export to. */
  readonly path: string | undefined;
  /** What was exported, once that is complete. */
  readonly exported: ExportedPackage | undefined;
  /** The key of the package, from before its first byte was written. */
  readonly packageKey?: PackageKey | undefined;
}

/** Over the network, now: the plan of whoever chose nothing. */
export const NETWORK_NOW: SeedingPlan = {
  method: "network",
  at: undefined,
  path: undefined,
  exported: undefined,
};

const METHODS: readonly string[] = ["network", "existing-copy", "export"] satisfies SeedingMethod[];

/**
 * The instant that `text` names for a start: `HH:MM[:SS]` is the next one of that time of day, a date and time is
 * local unless it ends in `Z` or an offset. A local time that summer time skips means the instant at which
 * it is skipped; one that comes twice means the first. Refused beyond 30 days, and in the past.
 */
export function startTime(zone: Zone, wall: number, text: string): number {
  const timeOfDay = parseTimeOfDay(text);
  const at = timeOfDay === undefined
    ? parseLocal(zone, text)
    : nextTimeOfDay(zone, wall, timeOfDay);
  if (at === undefined) {
    throw requestFailure(
      "bad-argument",
      `Not a time: "${text.slice(0, 80)}"`,
      'Give "18:30", "2026-12-24T18:30" in local time, or with "Z" or "+01:00"',
    );
  }
  return checkStartTime(wall, at);
}

/** `at` when a start may be scheduled for it at `wall`, both µs since 1970. */
export function checkStartTime(wall: number, at: number): number {
  if (at < wall - START_PAST_MAX) {
    throw requestFailure(
      "bad-argument",
      "The time to start at has passed",
      "Give a later one, or none to start now",
    );
  }
  if (at > wall + START_AHEAD_MAX) {
    throw requestFailure(
      "bad-argument",
      "The time to start at is more than 30 days ahead",
      "Give an earlier one",
    );
  }
  return at;
}

/** The plan as a record holds it. */
export function planToJson(plan: SeedingPlan | undefined): JsonObject | null {
  if (plan === undefined) return null;
  const { method, at, path, exported, packageKey } = plan;
  return {
    method,
    at: at ?? null,
    path: path ?? null,
    exported: exported === undefined ? null : { ...exported },
    ...(packageKey === undefined ? {} : { packageKey: { ...packageKey } }),
  };
}

/** The plan from a record; `undefined` where there is none, as in older records. */
export function planFromJson(json: Json | undefined): SeedingPlan | undefined {
  const record = asObject(json);
  if (record === undefined) return undefined;
  const { method, at, path } = record;
  if (typeof method !== "string" || !METHODS.includes(method)) return undefined;
  return {
    method: method as SeedingMethod,
    at: typeof at === "number" ? at : undefined,
    path: typeof path === "string" ? path : undefined,
    exported: exportedFrom(record["exported"]),
    packageKey: keyFrom(record["packageKey"]),
  };
}

function exportedFrom(json: Json | undefined): ExportedPackage | undefined {
  const { point, digest, folder }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(point) || typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) {
    return undefined;
  }
  if (typeof folder !== "string") return undefined;
  return { point: point as PointId, digest, folder };
}

function keyFrom(json: Json | undefined): PackageKey | undefined {
  const { seed, key }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(seed) || typeof key !== "string" || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  return { seed: seed as SeedId, key };
}
