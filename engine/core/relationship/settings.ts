/**
 * What an administrator chooses for one relationship.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import { parseRetention, retentionFrom, retentionText } from "../wire/retention.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../base/units.ts";
import { RESYNC_DEFAULT, resyncChoice } from "./resync_policy.ts";

/** Settings of the primary's side of a relationship. */
export interface RelationshipSettings {
  /** The replica server, `host:port`. */
  readonly to: string;
  /** Between the starts of two cycles, µs; 1 s to 1 h. */
  readonly frequency: number;
  /** Which points to keep at the replica, as `retentionText` spells it. */
  readonly retention: string;
  /** Whether data is compressed on the wire and in staging. */
  readonly compression: boolean;
  /** Bytes per second on the wire; 0 for no limit. */
  readonly bandwidth: number;
  /** The objective for the recovery point, µs. */
  readonly objective: number;
  /** Between two application-consistent points, µs; 0 for none. */
  readonly appConsistent: number;
  /** When a resynchronization may run: `auto`, `manual` or `HH:MM-HH:MM` local time. */
  readonly resync: string;
  /** What a starting primary does whose replica does not answer: serve its guest, or hold it back (L6). */
  readonly onUnknown: OnUnknown;
}

/** A starting primary's choice while nobody tells it where its machine runs. */
export type OnUnknown = "serve" | "hold";

/** The longest interval of application-consistent points: a week. */
const APP_CONSISTENT_MAX = 7 * DAY;
/** The frequency when none is chosen. */
export const FREQUENCY_DEFAULT = 5 * MINUTE;
/** What is kept when nothing is chosen. */
export const RETENTION_DEFAULT = "last 24";

/** `settings` when all values are possible; otherwise `bad-argument` naming the first that is not. */
export function checkSettings(settings: RelationshipSettings): RelationshipSettings {
  const refuse = (what: string, action: string) => {
    throw requestFailure("bad-argument", what, action);
  };
  if (!/^.+:\d{1,5}$/.test(settings.to) || settings.to.length > 300) {
    refuse(`Not an address: "${settings.to.slice(0, 80)}"`, "Give HOST:PORT of the replica server");
  }
  if (!within(settings.frequency, SECOND, HOUR)) {
    refuse("The frequency is out of range", "Choose from 1s to 1h");
  }
  parseRetention(settings.retention);
  if (!within(settings.objective, 0, Number.MAX_SAFE_INTEGER)) {
    refuse("The objective is out of range", "Give a time, e.g. 10m");
  }
  if (resyncChoice(settings.resync) === undefined) {
    refuse(
      `Not a time for resynchronizations: "${settings.resync.slice(0, 40)}"`,
      'Give "auto", "manual", or a window in local time, e.g. 18:30-06:00',
    );
  }
  if (!within(settings.bandwidth, 0, Number.MAX_SAFE_INTEGER)) {
    refuse(
      "The bandwidth is out of range",
      "Give bits per second, e.g. 100Mbit, or 0 for no limit",
    );
  }
  const { appConsistent, frequency } = settings;
  if (appConsistent !== 0 && !within(appConsistent, frequency, APP_CONSISTENT_MAX)) {
    refuse(
      "The interval of application-consistent points is out of range",
      "Choose from one cycle to 7d, e.g. 4h, or 0 for none",
    );
  }
  if (appConsistent !== 0) refuseNewestOnly(settings);
  return settings;
}

/**
 * As Hyper-V has it: where the newest point alone is kept, the next cycle would take an application-consistent one
 * away, and the guest would have been frozen for nothing.
 */
export function refuseNewestOnly({ retention }: RelationshipSettings): void {
  const { last, tiers } = parseRetention(retention);
  if (last > 1 || tiers.length > 0) return;
  throw requestFailure(
    "bad-argument",
    "Application-consistent points need more than the newest point to be kept",
    'Keep more points, e.g. --retention "hourly 24", or choose --app-consistent 0',
  );
}

/** The objective when none is chosen: two cycles, for one is under way when the next is due. */
export function defaultObjective(frequency: number): number {
  return 2 * frequency;
}

/** Settings as a record holds them. */
export function settingsToJson(settings: RelationshipSettings): JsonObject {
  return { ...settings };
}

/** Settings from a record; `undefined` when a field is missing or of another type. */
export function settingsFromJson(json: JsonObject | undefined): RelationshipSettings | undefined {
  if (json === undefined) return undefined;
  const { to, frequency, keep, compression, bandwidth, objective } = json;
  if (typeof to !== "string" || typeof frequency !== "number") return undefined;
  const kept = retentionFrom(json["retention"], keep);
  if (kept === undefined) return undefined;
  const retention = retentionText(kept);
  if (typeof compression !== "boolean" || typeof bandwidth !== "number") return undefined;
  if (typeof objective !== "number") return undefined;
  // Additive: a record of an earlier version has none.
  const { appConsistent = 0, resync = RESYNC_DEFAULT, onUnknown = "serve" } = json;
  if (typeof appConsistent !== "number" || typeof resync !== "string") return undefined;
  if (onUnknown !== "serve" && onUnknown !== "hold") return undefined;
  const usual = { to, frequency, retention, compression, bandwidth, objective };
  return { ...usual, appConsistent, resync, onUnknown };
}

function within(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
