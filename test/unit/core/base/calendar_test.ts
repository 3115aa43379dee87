/**
 * The calendar against the runtime's own.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { dateOf, dayOf, isDate, weekdayOf } from "../../../../engine/core/base/calendar.ts";

Deno.test("calendar: every day of 1200 years has the date that the runtime gives it", () => {
  const first = Date.UTC(1600, 0, 1) / 86_400_000;
  const last = Date.UTC(2800, 0, 1) / 86_400_000;
  for (let day = first; day < last; day++) {
    const date = new Date(day * 86_400_000);
    const expected = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
    };
    const found = dateOf(day);
    if (found.day !== expected.day || found.month !== expected.month) deepEqual(found, expected);
    equal(found.year, expected.year);
    equal(dayOf(expected), day);
    equal(weekdayOf(day), date.getUTCDay());
  }
});

Deno.test("calendar: tells dates that there are from those that there are not", () => {
  equal(isDate({ year: 2028, month: 2, day: 29 }), true);
  equal(isDate({ year: 2026, month: 2, day: 29 }), false);
  equal(isDate({ year: 2100, month: 2, day: 29 }), false);
  equal(isDate({ year: 2026, month: 13, day: 1 }), false);
  equal(isDate({ year: 2026, month: 0, day: 1 }), false);
  equal(isDate({ year: 2026, month: 6, day: 31 }), false);
  equal(isDate({ year: 2026, month: 1.5, day: 1 }), false);
});
