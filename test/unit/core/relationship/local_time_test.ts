/**
 * Local time: gaps, overlaps, windows across midnight, and what people write.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { dayOf } from "../../../../engine/core/base/calendar.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import {
  formatLocal,
  formatTimeOfDay,
  instantOf,
  isWithin,
  localReading,
  nextTimeOfDay,
  parseLocal,
  parseTimeOfDay,
  type Zone,
} from "../../../../engine/core/relationship/local_time.ts";
import {
  BERLIN,
  LORD_HOWE,
  NEW_YORK,
  UTC,
  zoneOffset,
  type ZoneSpec,
} from "../../../../engine/sim/zone.ts";

const zoneOf = (spec: ZoneSpec): Zone => ({ localOffset: (wall) => zoneOffset(spec, wall) });
const berlin = zoneOf(BERLIN);
const at = (iso: string) => Date.parse(iso) * 1000;
const iso = (instant: number) => new Date(instant / 1000).toISOString();
const day = (year: number, month: number, date: number) => dayOf({ year, month, day: date });
const clock = (hours: number, minutes: number) => hours * HOUR + minutes * MINUTE;

Deno.test("local time: an ordinary reading has the one instant that shows it", () => {
  equal(
    iso(instantOf(berlin, { day: day(2026, 1, 15), timeOfDay: clock(9, 0) })),
    "2026-01-15T08:00:00.000Z",
  );
  equal(
    iso(instantOf(berlin, { day: day(2026, 7, 15), timeOfDay: clock(9, 0) })),
    "2026-07-15T07:00:00.000Z",
  );
});

Deno.test("local time: a reading in a gap means the instant at which it is jumped over", () => {
  // On 2026-03-29 clocks in Berlin go from 02:00 to 03:00.
  for (const minutes of [0, 1, 30, 59]) {
    const instant = instantOf(berlin, { day: day(2026, 3, 29), timeOfDay: clock(2, minutes) });
    equal(iso(instant), "2026-03-29T01:00:00.000Z");
    equal(localReading(berlin, instant).timeOfDay, clock(3, 0));
    equal(localReading(berlin, instant - 1).timeOfDay, clock(2, 0) - 1);
  }
  const last = instantOf(berlin, { day: day(2026, 3, 29), timeOfDay: clock(2, 0) - 1 });
  equal(last, at("2026-03-29T01:00:00Z") - 1);
  const first = instantOf(berlin, { day: day(2026, 3, 29), timeOfDay: clock(3, 0) });
  equal(first, at("2026-03-29T01:00:00Z"));
});

Deno.test("local time: a reading in an overlap means the first of its two instants", () => {
  // On 2026-10-25 clocks in Berlin go from 03:00 back to 02:00.
  for (const minutes of [0, 30, 59]) {
    const instant = instantOf(berlin, { day: day(2026, 10, 25), timeOfDay: clock(2, minutes) });
    equal(iso(instant), `2026-10-25T00:${String(minutes).padStart(2, "0")}:00.000Z`);
  }
  const after = instantOf(berlin, { day: day(2026, 10, 25), timeOfDay: clock(3, 0) });
  equal(iso(after), "2026-10-25T02:00:00.000Z");
});

Deno.test("local time: reading and instant are inverse outside gaps and second readings", () => {
  for (const spec of [UTC, BERLIN, NEW_YORK, LORD_HOWE]) {
    const zone = zoneOf(spec);
    let seen = -Infinity;
    for (let step = 0; step < 2 * 365 * 48; step++) {
      const instant = at("2026-01-01T00:00:00Z") + step * 30 * MINUTE + 1;
      const reading = localReading(zone, instant);
      const whole = reading.day * DAY + reading.timeOfDay;
      const back = instantOf(zone, reading);
      // The second time that a reading comes it means the first.
      if (whole > seen) equal(back, instant, iso(instant));
      else equal(localReading(zone, back).timeOfDay, reading.timeOfDay);
      seen = Math.max(seen, whole);
    }
  }
});

Deno.test("local time: a time of day comes exactly once on every day of two years", () => {
  for (const spec of [UTC, BERLIN, NEW_YORK, LORD_HOWE]) {
    const zone = zoneOf(spec);
    for (const timeOfDay of [0, clock(0, 30), clock(1, 45), clock(2, 15), clock(18, 30)]) {
      let instant = at("2026-01-01T00:00:00Z");
      let last = localReading(zone, instant).day - 1;
      for (let count = 0; count < 730; count++) {
        instant = nextTimeOfDay(zone, instant, timeOfDay);
        const found = localReading(zone, instant).day;
        if (count > 0) equal(found, last + 1, iso(instant));
        last = found;
      }
    }
  }
});

Deno.test("local time: the next time of day is after the instant, never at it", () => {
  const nine = at("2026-01-15T08:00:00Z");
  equal(nextTimeOfDay(berlin, nine - 1, clock(9, 0)), nine);
  equal(nextTimeOfDay(berlin, nine, clock(9, 0)), nine + DAY);
});

Deno.test("local time: a window may go across midnight and across a switch", () => {
  const night = { from: clock(18, 30), until: clock(6, 0) };
  const within = (text: string) => isWithin(berlin, at(text), night);
  equal(within("2026-01-15T17:29:59Z"), false);
  equal(within("2026-01-15T17:30:00Z"), true);
  equal(within("2026-01-15T23:00:00Z"), true);
  equal(within("2026-01-16T04:59:59Z"), true);
  equal(within("2026-01-16T05:00:00Z"), false);
  // Summer time began in this night: 06:00 is an hour earlier.
  equal(within("2026-03-29T03:59:59Z"), true);
  equal(within("2026-03-29T04:00:00Z"), false);
  const lunch = { from: clock(12, 0), until: clock(13, 0) };
  equal(isWithin(berlin, at("2026-07-15T10:00:00Z"), lunch), true);
  equal(isWithin(berlin, at("2026-07-15T11:00:00Z"), lunch), false);
  equal(isWithin(berlin, at("2026-07-15T11:00:00Z"), { from: 0, until: 0 }), true);
});

Deno.test("local time: reads what people write, and refuses what no calendar has", () => {
  equal(parseTimeOfDay("18:30"), clock(18, 30));
  equal(parseTimeOfDay("9:05"), clock(9, 5));
  equal(parseTimeOfDay("09:00:15"), 9 * HOUR + 15 * SECOND);
  for (const text of ["24:00", "9", "9:5", "-1:00", "", "09:60", "09:00:60"]) {
    equal(parseTimeOfDay(text), undefined, text);
  }
  equal(parseLocal(berlin, "2026-07-15 09:00"), at("2026-07-15T07:00:00Z"));
  equal(parseLocal(berlin, "2026-07-15T09:00:30"), at("2026-07-15T07:00:30Z"));
  equal(parseLocal(berlin, "2026-07-15 09:00Z"), at("2026-07-15T09:00:00Z"));
  equal(parseLocal(berlin, "2026-07-15 09:00 -05:30"), at("2026-07-15T14:30:00Z"));
  equal(parseLocal(berlin, "2026-03-29 02:30"), at("2026-03-29T01:00:00Z"));
  for (const text of ["2026-02-29 09:00", "2026-07-15", "tomorrow", "2026-7-15 09:00"]) {
    equal(parseLocal(berlin, text), undefined, text);
  }
});

Deno.test("local time: shows readings with their offset, so that an overlap is told apart", () => {
  equal(formatLocal(berlin, at("2026-10-25T00:30:00Z")), "2026-10-25 02:30:00 +02:00");
  equal(formatLocal(berlin, at("2026-10-25T01:30:00Z")), "2026-10-25 02:30:00 +01:00");
  equal(formatLocal(zoneOf(NEW_YORK), at("2026-01-15T00:00:07Z")), "2026-01-14 19:00:07 -05:00");
  equal(formatTimeOfDay(clock(18, 30)), "18:30");
  equal(formatTimeOfDay(clock(9, 0) + 5 * SECOND), "09:00:05");
  const text = "2026-10-25 02:30:00 +01:00";
  equal(formatLocal(berlin, parseLocal(berlin, text) as number), text);
});
