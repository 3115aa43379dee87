/**
 * Local time: from what a clock on the wall shows to instants, and back.
 *
 * An *instant* is µs since 1970-01-01 UTC. A *reading* is what a clock on the wall shows at an instant, counted the same
 * way: instant + offset. Where summer time begins, some readings never come (a *gap*); where it ends, some
 * come twice (an *overlap*). Rule: a reading in a gap means the instant at which the gap is jumped over, one in an overlap
 * means the first of its two instants. So what is to happen at a time of day happens exactly once on every day.
 *
 * It knows no zones: offsets come from the clock port.
 *
 * @module
 */

import { type CalendarDate, dateOf, dayOf, isDate } from "../base/calendar.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";

/** The part of a clock that knows its zone. */
export type Zone = Pick<Clock, "localOffset">;

/** A clock on the wall, at one instant. */
export interface LocalReading {
  /** Days since 1970-01-01, of the local date. */
  readonly day: number;
  /** µs since the reading 00:00 of that date. */
  readonly timeOfDay: number;
}

/** No zone is further from UTC than this. */
const OFFSET_MAX = 26 * HOUR;

/** What a clock on the wall shows at `instant`. */
export function localReading(zone: Zone, instant: number): LocalReading {
  const reading = instant + zone.localOffset(instant);
  const day = Math.floor(reading / DAY);
  return { day, timeOfDay: reading - day * DAY };
}

/** The instant of a reading: in a gap where it is jumped over, in an overlap the first of the two. */
export function instantOf(zone: Zone, { day, timeOfDay }: LocalReading): number {
  const reading = day * DAY + timeOfDay;
  // Readings grow with instants but where an overlap sets them back: the first instant whose reading is
  // not before the wanted one is the answer in every case.
  let before = reading - OFFSET_MAX;
  let after = reading + OFFSET_MAX;
  // At most one switch is near; on either side of it the offset is the same everywhere.
  const early = reading - zone.localOffset(before);
  const late = reading - zone.localOffset(after);
  const exact = (instant: number) => instant + zone.localOffset(instant) === reading;
  const first = Math.min(early, late);
  if (exact(first)) return first;
  const second = Math.max(early, late);
  if (exact(second)) return second;
  // A gap: the switch lies between, where readings jump from before the wanted one to behind it.
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + zone.localOffset(middle) < reading) before = middle;
    else after = middle;
  }
  return after;
}

/** The first instant after `instant` at which it is `timeOfDay`, µs after midnight. */
export function nextTimeOfDay(zone: Zone, instant: number, timeOfDay: number): number {
  const { day } = localReading(zone, instant);
  // Yesterday's may be to come where an overlap goes across midnight.
  for (let ahead = -1;; ahead++) {
    const next = instantOf(zone, { day: day + ahead, timeOfDay });
    if (next > instant) return next;
  }
}

/** A part of every day: from one time of day until another, which is of the next day when it is not later. */
export interface DailyWindow {
  /** µs after midnight; the window has it. */
  readonly from: number;
  /** µs after midnight; the window ends before it. Equal to `from`: the whole day. */
  readonly until: number;
}

/** True when a clock on the wall shows at `instant` a time of day in the window, which may go across midnight. */
export function isWithin(zone: Zone, instant: number, { from, until }: DailyWindow): boolean {
  const { timeOfDay } = localReading(zone, instant);
  if (from < until) return timeOfDay >= from && timeOfDay < until;
  return timeOfDay >= from || timeOfDay < until;
}

/** "18:30" or "18:30:15" as µs after midnight; `undefined` for other text. */
export function parseTimeOfDay(text: string): number | undefined {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (found === null) return undefined;
  const [, hours, minutes, seconds] = found;
  return Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds ?? 0) * SECOND;
}

/** µs after midnight as "18:30", with seconds only where there are some. */
export function formatTimeOfDay(micros: number): string {
  const seconds = Math.floor(micros / SECOND);
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}

/** The instant as "2026-03-29 18:30:15 +01:00", by the zone. */
export function formatLocal(zone: Zone, instant: number): string {
  const { day, timeOfDay } = localReading(zone, instant);
  const seconds = Math.floor(timeOfDay / SECOND) * SECOND;
  const time = formatTimeOfDay(seconds);
  const whole = time.length === 5 ? `${time}:00` : time;
  return `${formatDate(dateOf(day))} ${whole} ${formatOffset(zone.localOffset(instant))}`;
}

/**
 * The instant that a person names: "2026-03-29 18:30", with or without seconds, "T" in place of the space, by the zone, or
 * with "Z" or "+01:00" by that. `undefined` for other text and for dates that no calendar has.
 */
export function parseLocal(zone: Zone, text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d:\d\d(?::\d\d)?) ?(Z|[+-]\d\d:[0-5]\d)?$/.exec(
    text,
  );
  if (found === null) return undefined;
  const date = { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) };
  const timeOfDay = parseTimeOfDay(found[4] as string);
  if (timeOfDay === undefined || !isDate(date)) return undefined;
  const day = dayOf(date);
  const given = found[5];
  if (given === undefined) return instantOf(zone, { day, timeOfDay });
  return day * DAY + timeOfDay - offsetOf(given);
}

function offsetOf(text: string): number {
  if (text === "Z") return 0;
  const size = Number(text.slice(1, 3)) * HOUR + Number(text.slice(4)) * MINUTE;
  return text.startsWith("-") ? -size : size;
}

function formatOffset(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / MINUTE);
  const sign = offset < 0 ? "-" : "+";
  return `${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function formatDate({ year, month, day }: CalendarDate): string {
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
