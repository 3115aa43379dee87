/**
 * Zones of simulated hosts: an offset, and a rule by which summer time begins and ends each year.
 *
 * @module
 */

import { dateOf, dayOf, weekdayOf } from "../core/base/calendar.ts";
import { DAY, HOUR } from "../core/base/units.ts";

/** When in a year a clock is put forward or back: on a Sunday. */
export interface YearlySwitch {
  /** 1 to 12. */
  readonly month: number;
  /** Which Sunday of the month, from 1; 5 is the last one, whether there are five or not. */
  readonly week: number;
  /** µs after 00:00 UTC of that day; may be negative, and more than a day. */
  readonly at: number;
}

/** A zone, as plain JSON. */
export interface ZoneSpec {
  /** µs east of UTC outside summer time. */
  readonly standard: number;
  /** Summer time; without it the offset is the same all year. */
  readonly summer?: {
    /** µs by which clocks are ahead of standard time meanwhile. */
    readonly saving: number;
    readonly begins: YearlySwitch;
    readonly ends: YearlySwitch;
  };
}

/** No offset, all year. */
export const UTC: ZoneSpec = { standard: 0 };

/** Central Europe: from the last Sunday of March to the last of October, each at 01:00 UTC. */
export const BERLIN: ZoneSpec = {
  standard: HOUR,
  summer: {
    saving: HOUR,
    begins: { month: 3, week: 5, at: HOUR },
    ends: { month: 10, week: 5, at: HOUR },
  },
};

/** The east of the United States: from the second Sunday of March to the first of November, each at 02:00 local. */
export const NEW_YORK: ZoneSpec = {
  standard: -5 * HOUR,
  summer: {
    saving: HOUR,
    begins: { month: 3, week: 2, at: 7 * HOUR },
    ends: { month: 11, week: 1, at: 6 * HOUR },
  },
};

/** South of the equator, by half an hour: from the first Sunday of October to the first of April. */
export const LORD_HOWE: ZoneSpec = {
  standard: 10 * HOUR + HOUR / 2,
  summer: {
    saving: HOUR / 2,
    begins: { month: 10, week: 1, at: -8 * HOUR - HOUR / 2 },
    ends: { month: 4, week: 1, at: -9 * HOUR },
  },
};

/** µs east of UTC at `instant`, µs since 1970. */
export function zoneOffset({ standard, summer }: ZoneSpec, instant: number): number {
  if (summer === undefined) return standard;
  const { year } = dateOf(Math.floor((instant + standard) / DAY));
  const begins = switchOf(year, summer.begins);
  const ends = switchOf(year, summer.ends);
  const within = begins < ends
    ? instant >= begins && instant < ends
    : instant >= begins || instant < ends;
  return within ? standard + summer.saving : standard;
}

/** The instant of a switch in `year`. */
export function switchOf(year: number, { month, week, at }: YearlySwitch): number {
  const first = dayOf({ year, month, day: 1 });
  const sunday = first + (7 - weekdayOf(first)) % 7;
  const next = dayOf(
    month === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: month + 1, day: 1 },
  );
  let day = sunday + 7 * (week - 1);
  while (day >= next) day -= 7;
  return day * DAY + at;
}
