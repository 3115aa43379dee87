/**
 * Retention as an administrator writes it, as it travels and as it is kept: one grammar for all of them.
 *
 * | text                             | kept                                                             |
 * |----------------------------------|------------------------------------------------------------------|
 * | `newest`                         | the newest point                                                 |
 * | `last 24`                        | the 24 newest points                                             |
 * | `hourly 24`                      | the newest, and one of each of the 24 newest hours that have one |
 * | `all 2h, hourly 1d, daily 30d`   | the newest, and what any of the tiers keeps                      |
 * | `5m 2h, 1h 1d`                   | the same, with periods of any length                             |
 *
 * A tier is a period (`all`, `hourly`, `daily`, `weekly`, or a time) and how far back it reaches (a time,
 * or so many periods). What a tier means for a list of points is told in `../history/kept_points.ts`.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { Json } from "../base/json.ts";
import { POINTS_MAX } from "../base/limits.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../base/units.ts";
import type { Field } from "./fields.ts";

/** One point of every period is kept, as far back as the tier reaches. */
export interface Tier {
  /** The period in µs of protected time; 0: every point is kept. */
  readonly every: number;
  /** How far back, in µs of protected time; 0 where `count` says it. */
  readonly span: number;
  /** How many periods that have a point; 0 where `span` says it. */
  readonly count: number;
}

/** Which points are kept. */
export interface Retention {
  /** So many of the newest; at least one. */
  readonly last: number;
  /** From the finest to the coarsest. */
  readonly tiers: readonly Tier[];
}

/** Points that a number in a retention may ask for. */
const COUNT_MAX = POINTS_MAX / 2;
/** Tiers of one retention. */
const TIERS_MAX = 8;
/** Characters of a retention: eight tiers of long times fit. */
const TEXT_MAX = 256;
/** How far back a tier may reach. */
const SPAN_MAX = 3650 * DAY;

const WEEK = 7 * DAY;
/** Words for periods. */
const PERIODS: readonly (readonly [word: string, micros: number])[] = [
  ["all", 0],
  ["hourly", HOUR],
  ["daily", DAY],
  ["weekly", WEEK],
];
const TIME_UNITS: readonly (readonly [unit: string, micros: number])[] = [
  ["w", WEEK],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
];

/** The newest point alone. */
export const NEWEST: Retention = lastPoints(1);

/** The newest `count` points; of a number that cannot be, the nearest that can. */
export function lastPoints(count: number): Retention {
  return { last: Math.min(Math.max(1, Math.floor(count)), COUNT_MAX), tiers: [] };
}

/** The retention that `text` spells. Throws `bad-argument`, saying what was expected where. */
export function parseRetention(text: string): Retention {
  const retention = read(text);
  if (typeof retention !== "string") return retention;
  throw requestFailure(
    "bad-argument",
    `Not a retention: ${JSON.stringify(text.slice(0, 80))}: ${retention}`,
    'Write "newest", "last 24", "hourly 24", or tiers from fine to coarse: "all 2h, hourly 1d, daily 30d"',
  );
}

/** The one text of a retention: what is shown, sent and kept. */
export function retentionText({ last, tiers }: Retention): string {
  if (tiers.length === 0) return last === 1 ? "newest" : `last ${last}`;
  return tiers.map(({ every, span, count }) => {
    const word = PERIODS.find(([, micros]) => micros === every)?.[0] ?? timeText(every);
    return `${word} ${count > 0 ? count : timeText(span)}`;
  }).join(", ");
}

/** The retention that a record holds: text, or what older records have, a number of newest points. */
export function retentionFrom(text: Json | undefined, keep?: Json): Retention | undefined {
  if (text === undefined && typeof keep === "number") return lastPoints(keep);
  const retention = typeof text === "string" ? read(text) : "";
  return typeof retention === "string" ? undefined : retention;
}

/** A retention in a message. */
export function retentionField(): Field<string> {
  return {
    describe: 'retention, e.g. "all 2h, hourly 1d, daily 30d"',
    check: (value) => {
      const problem = typeof value === "string" ? read(value) : "it is no text";
      return typeof problem === "string" ? `is no retention: ${problem}` : undefined;
    },
  };
}

/** Points that a retention keeps at most when there is one every `frequency` µs. */
export function pointsOf({ last, tiers }: Retention, frequency: number): number {
  let points = last;
  for (const { every, span, count } of tiers) {
    points += count > 0 ? count : Math.floor(span / Math.max(every, frequency, 1)) + 1;
  }
  return points;
}

/** The retention, or what is wrong with `text`. */
function read(text: string): Retention | string {
  if (text.length > TEXT_MAX) return `it has more than ${TEXT_MAX} characters`;
  const words = text.trim().toLowerCase();
  if (words === "newest") return NEWEST;
  const last = /^last\s+(\d{1,9})$/.exec(words)?.[1];
  if (last !== undefined) {
    const count = Number(last);
    return count >= 1 && count <= COUNT_MAX
      ? lastPoints(count)
      : `"last" takes a number from 1 to ${COUNT_MAX}`;
  }
  // Hyper-V's word for the newest alone.
  if (/^hourly\s+0$/.test(words)) return NEWEST;
  const parts = words.split(",");
  if (parts.length > TIERS_MAX) return `it has more than ${TIERS_MAX} tiers`;
  const tiers: Tier[] = [];
  for (const part of parts) {
    const tier = readTier(part.trim(), tiers[tiers.length - 1]);
    if (typeof tier === "string") return tier;
    tiers.push(tier);
  }
  return { last: 1, tiers };
}

function readTier(text: string, finer: Tier | undefined): Tier | string {
  const [first, second, ...more] = text.split(/\s+/);
  if (first === undefined || first === "") return "a tier is missing";
  const shown = JSON.stringify(text);
  if (second === undefined || more.length > 0) {
    return `${shown} is not a period and how far back it reaches, e.g. "hourly 1d"`;
  }
  const every = PERIODS.find(([word]) => word === first)?.[1] ?? timeOf(first);
  if (every === undefined) {
    return `"${first}" is neither all, hourly, daily, weekly nor a time such as 5m`;
  }
  const isCount = /^\d{1,9}$/.test(second);
  const span = isCount ? 0 : timeOf(second);
  const count = isCount ? Number(second) : 0;
  if (span === undefined) return `"${second}" is neither a time such as 2h or 30d nor a number`;
  const tier: Tier = { every, span, count };
  return problemWith(tier, finer, shown) ?? tier;
}

function problemWith(tier: Tier, finer: Tier | undefined, shown: string): string | undefined {
  const { every, span, count } = tier;
  if (span === 0 && every === 0) return `${shown} says no time; for a number write "last N"`;
  if (span === 0 && (count < 1 || count > COUNT_MAX)) {
    return `${shown} takes a number from 1 to ${COUNT_MAX}, or a time`;
  }
  if (reachOf(tier) > SPAN_MAX) return `${shown} reaches back more than ${timeText(SPAN_MAX)}`;
  if (count === 0 && span < every) return `${shown} does not reach back one period`;
  if (finer === undefined) return undefined;
  if (every <= finer.every) return `${shown} does not have a longer period than the tier before`;
  if (reachOf(tier) <= reachOf(finer)) {
    return `${shown} does not reach further back than the tier before`;
  }
  return undefined;
}

function reachOf({ every, span, count }: Tier): number {
  return count > 0 ? count * every : span;
}

/** `2h`, `1d12h` in µs, at least a second. */
function timeOf(text: string): number | undefined {
  if (!/^(\d{1,9}[wdhms])+$/.test(text)) return undefined;
  let micros = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([wdhms])/g)) {
    micros += Number(digits) * (TIME_UNITS.find(([name]) => name === unit)?.[1] ?? 0);
  }
  return micros >= SECOND && micros <= SPAN_MAX ? micros : undefined;
}

/** µs in the largest unit, but weeks, of which they are a whole number. */
function timeText(micros: number): string {
  for (const [unit, size] of TIME_UNITS) {
    if (unit !== "w" && micros % size === 0) return `${micros / size}${unit}`;
  }
  return `${micros / SECOND}s`;
}
