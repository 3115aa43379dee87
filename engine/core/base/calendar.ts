/**
 * The calendar: days since 1970-01-01 and dates, without a zone and without the runtime's `Date`.
 *
 * The Gregorian calendar in both directions of time; days are whole numbers, and day 0 is a Thursday.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** A day by its date. */
export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Days in 400 years, after which the calendar repeats. */
const DAYS_OF_ERA = 146_097;
/** From 0000-03-01, where the years counted here begin, to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;

/** Days from 1970-01-01 to the date; a day that the month does not have counts on into the next. */
export function dayOf({ year, month, day }: CalendarDate): number {
  // Years begin in March, so that the day that comes and goes is the last of a year.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) +
    dayOfYear;
  return era * DAYS_OF_ERA + dayOfEra - DAYS_BEFORE_1970;
}

/** The date of the day so many days after 1970-01-01. */
export function dateOf(days: number): CalendarDate {
  assert(Number.isSafeInteger(days), "A day is a whole number");
  const shifted = days + DAYS_BEFORE_1970;
  const era = Math.floor(shifted / DAYS_OF_ERA);
  const dayOfEra = shifted - era * DAYS_OF_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / (DAYS_OF_ERA - 1))) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** The day of the week of a day counted from 1970-01-01: 0 is Sunday. */
export function weekdayOf(days: number): number {
  const weekday = (days + 4) % 7;
  return weekday < 0 ? weekday + 7 : weekday;
}

/** True when the calendar has that date. */
export function isDate(date: CalendarDate): boolean {
  const { year, month, day } = date;
  if (![year, month, day].every(Number.isSafeInteger) || month < 1 || month > 12 || day < 1) {
    return false;
  }
  const back = dateOf(dayOf(date));
  return back.year === year && back.month === month && back.day === day;
}
