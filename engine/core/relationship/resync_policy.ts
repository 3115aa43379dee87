/**
 * When a resynchronization may run: what the administrator chose, what he did since, and the time of day (M45).
 *
 * Pure: it is given the clock's zone and a time. What it decides is asked again and again while one runs, so that it
 * is suspended at the end of its window and goes on in the next one where it stood.
 *
 * @module
 */

import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { DAY } from "../base/units.ts";
import {
  type DailyWindow,
  formatTimeOfDay,
  isWithin,
  nextTimeOfDay,
  parseTimeOfDay,
  type Zone,
} from "./local_time.ts";

/** `auto`: at once; `manual`: on the administrator's word; `HH:MM-HH:MM`: every day between these local times. */
export const RESYNC_DEFAULT = "auto";

/** What was chosen. */
export type ResyncChoice = "auto" | "manual" | DailyWindow;

/** The choice in `text`; `undefined` for other text. */
export function resyncChoice(text: string): ResyncChoice | undefined {
  if (text === "auto" || text === "manual") return text;
  const [from, until, ...more] = text.split("-").map((part) => parseTimeOfDay(part));
  if (from === undefined || until === undefined || more.length > 0) return undefined;
  return { from, until };
}

/** Why a resynchronization stands still that could run. */
export type ResyncHold = "none" | "paused" | "cancelled" | "window";

/** What is known of a machine's resynchronization, durably. */
export interface ResyncPlan {
  /** Why a comparison of whole disks is due, for people; `undefined` when none is. */
  readonly due: string | undefined;
  /** Every block is to be suspected before it begins: nothing else says so. */
  readonly fresh: boolean;
  readonly hold: ResyncHold;
  /** The administrator started or continued it: no window and no `manual` holds it. */
  readonly asked: boolean;
  /** When the administrator wants it to begin, wall time in µs since 1970. */
  readonly at: number | undefined;
}

/** Nothing is due. */
export const NO_RESYNC: ResyncPlan = {
  due: undefined,
  fresh: false,
  hold: "none",
  asked: false,
  at: undefined,
};

/** What holds a resynchronization at an instant, in words; `undefined` when it may run. */
export function heldBecause(
  setting: string,
  plan: ResyncPlan,
  zone: Zone,
  wall: number,
): string | undefined {
  if (plan.hold === "paused") return "it was paused";
  if (plan.hold === "cancelled") return "it was cancelled";
  if (plan.at !== undefined) return plan.at > wall ? "it is to start at a later time" : undefined;
  if (plan.asked) return undefined;
  const choice = resyncChoice(setting) ?? "auto";
  if (choice === "auto") return undefined;
  if (choice === "manual") return "it is started by hand";
  if (isWithin(zone, wall, choice)) return undefined;
  return `it runs from ${formatTimeOfDay(choice.from)} to ${formatTimeOfDay(choice.until)}`;
}

/** µs of wall time until a resynchronization that is held may be looked at again; a day at most. */
export function untilNextLook(
  setting: string,
  { at, hold }: ResyncPlan,
  zone: Zone,
  wall: number,
): number {
  if (at !== undefined) return Math.max(0, Math.min(DAY, at - wall));
  const choice = resyncChoice(setting) ?? "auto";
  if (typeof choice === "string" || hold === "paused" || hold === "cancelled") return DAY;
  return Math.min(DAY, nextTimeOfDay(zone, wall, choice.from) - wall);
}

const HOLDS: readonly string[] = ["none", "paused", "cancelled", "window"] satisfies ResyncHold[];

/** A plan as a record holds it. */
export function resyncPlanToJson({ due, fresh, hold, asked, at }: ResyncPlan): JsonObject {
  return { due: due ?? null, fresh, hold, asked, at: at ?? null };
}

/** A plan from a record; one that makes no sense says that a comparison is due, for that is safe. */
export function resyncPlanFromJson(value: Json | undefined): ResyncPlan {
  const json = asObject(value);
  if (json === undefined) return NO_RESYNC;
  const { due, fresh, hold, asked, at } = json;
  const sound = (due === null || typeof due === "string") && typeof fresh === "boolean" &&
    typeof hold === "string" && HOLDS.includes(hold) && typeof asked === "boolean" &&
    (at === null || typeof at === "number");
  if (!sound) {
    return { ...NO_RESYNC, due: "The record of a resynchronization makes no sense", fresh: true };
  }
  return {
    due: (due as string | null) ?? undefined,
    fresh: fresh as boolean,
    hold: hold as ResyncHold,
    asked: asked as boolean,
    at: (at as number | null) ?? undefined,
  };
}
