/**
 * Statistics by monitoring interval: where intervals begin, what they count, what a reset and a restart keep.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { DAY, HOUR, SECOND } from "../../../../engine/core/base/units.ts";
import type { Zone } from "../../../../engine/core/relationship/local_time.ts";
import {
  HISTORY_MAX,
  intervalAt,
  intervalJson,
  missedTooMany,
  Monitoring,
} from "../../../../engine/core/relationship/monitoring.ts";
import { BERLIN, LORD_HOWE, UTC, zoneOffset, type ZoneSpec } from "../../../../engine/sim/zone.ts";

const zoneOf = (spec: ZoneSpec): Zone => ({ localOffset: (wall) => zoneOffset(spec, wall) });
const at = (iso: string) => Date.parse(iso) * 1000;
const iso = (instant: number) => new Date(instant / 1000).toISOString().slice(0, 16);
const usual = { monitoringInterval: 12 * HOUR, monitoringStart: 9 * HOUR };

Deno.test("intervals begin at a time of day, local time, summer and winter", () => {
  const berlin = zoneOf(BERLIN);
  const bounds = (when: string, policy = usual) => {
    const { from, until } = intervalAt(berlin, at(when), policy);
    return `${iso(from)} ${iso(until)}`;
  };
  equal(bounds("2026-01-15T10:00:00Z"), "2026-01-15T08:00 2026-01-15T20:00");
  equal(bounds("2026-01-15T07:59:59Z"), "2026-01-14T20:00 2026-01-15T08:00");
  equal(bounds("2026-07-15T10:00:00Z"), "2026-07-15T07:00 2026-07-15T19:00");
  // In the night in which summer time begins an interval is an hour shorter.
  equal(bounds("2026-03-29T00:00:00Z"), "2026-03-28T20:00 2026-03-29T07:00");
  const daily = { monitoringInterval: DAY, monitoringStart: 0 };
  equal(bounds("2026-07-15T10:00:00Z", daily), "2026-07-14T22:00 2026-07-15T22:00");
});

Deno.test("at any instant there is one interval, and the next begins where it ends", () => {
  const hours = [1, 2, 3, 4, 6, 8, 12, 24].map((each) => each * HOUR);
  const days = [2, 3, 4, 5, 6, 7].map((each) => each * DAY);
  for (const spec of [UTC, BERLIN, LORD_HOWE]) {
    const zone = zoneOf(spec);
    for (const monitoringInterval of [...hours, ...days]) {
      const policy = { monitoringInterval, monitoringStart: 9 * HOUR };
      let wall = at("2026-03-01T00:00:00Z");
      for (let count = 0; count < 400; count++) {
        const { from, until } = intervalAt(zone, wall, policy);
        ok(from <= wall && wall < until, `${iso(wall)}: ${iso(from)} to ${iso(until)}`);
        equal(intervalAt(zone, until, policy).from, until, iso(until));
        wall = until;
      }
    }
  }
});

const zone = zoneOf(UTC);
const start = at("2026-01-15T10:00:00Z");
const cycle = { cycles: 1, bytes: 1000, latency: 2 * SECOND };

Deno.test("an interval sums, keeps the largest, and gives averages", () => {
  const monitoring = new Monitoring(zone, start, () => usual);
  monitoring.note(start, { pending: 500, looks: 1 });
  monitoring.note(start, cycle);
  monitoring.note(start, { pending: 1500, looks: 1 });
  monitoring.note(start, { cycles: 1, missed: 1, bytes: 3000, latency: 4 * SECOND });
  monitoring.note(start, { networkFailures: 1 });
  monitoring.note(start, { replicationFailures: 2, consistencyFailures: 1 });
  deepEqual(intervalJson(monitoring.current(start)), {
    from: start,
    until: at("2026-01-15T21:00:00Z"),
    cycles: 2,
    missed: 1,
    missedPercent: 33,
    bytes: 4000,
    bytesAverage: 2000,
    bytesMax: 3000,
    latencyAverageMicros: 3 * SECOND,
    latencyMaxMicros: 4 * SECOND,
    pendingAverage: 1000,
    pendingMax: 1500,
    networkFailures: 1,
    replicationFailures: 2,
    consistencyFailures: 1,
  });
});

Deno.test("more than 20 percent missed, and not 20, is too many", () => {
  equal(missedTooMany({ cycles: 80, missed: 20 }), false);
  equal(missedTooMany({ cycles: 79, missed: 20 }), true);
  equal(missedTooMany({ cycles: 0, missed: 0 }), false);
  equal(missedTooMany({ cycles: 0, missed: 1 }), true);
});

Deno.test("an interval that is over joins the history; a reset ends one early and loses nothing", () => {
  const monitoring = new Monitoring(zone, start, () => usual);
  monitoring.note(start, cycle);
  monitoring.note(at("2026-01-15T22:00:00Z"), cycle);
  monitoring.note(at("2026-01-15T22:00:01Z"), { missed: 5 });
  equal(missedTooMany(monitoring.current(at("2026-01-15T22:00:02Z"))), true);
  monitoring.reset(at("2026-01-15T22:30:00Z"));
  const now = monitoring.current(at("2026-01-15T22:30:01Z"));
  deepEqual([now.cycles, now.missed], [0, 0]);
  equal(iso(now.until), "2026-01-16T09:00", "it lasts until the next boundary");
  deepEqual(monitoring.past.map(({ cycles, missed }) => [cycles, missed]), [[1, 0], [1, 5]]);
  equal(monitoring.past[1]?.until, at("2026-01-15T22:30:00Z"));
});

Deno.test("history is bounded, and intervals in which nothing happened take none of it", () => {
  const monitoring = new Monitoring(zone, start, () => usual);
  for (let day = 0; day < 3 * HISTORY_MAX; day++) {
    const wall = start + day * DAY;
    if (day % 2 === 0) monitoring.note(wall, cycle);
    else monitoring.current(wall);
  }
  equal(monitoring.past.length, HISTORY_MAX);
  ok(monitoring.past.every(({ cycles }) => cycles === 1));
});

Deno.test("a clock that jumps a day either way ends an interval and loses nothing", () => {
  const monitoring = new Monitoring(zone, start, () => usual);
  let sum = 0;
  for (const wall of [start, start + DAY, start - DAY, start, start - 40 * DAY]) {
    monitoring.note(wall, cycle);
    sum++;
  }
  const now = monitoring.current(start - 40 * DAY);
  equal([...monitoring.past, now].reduce((all, { cycles }) => all + cycles, 0), sum);
});

Deno.test("a restart goes on in the same interval, and puts an older one into the history", () => {
  const before = new Monitoring(zone, start, () => usual);
  before.note(start - DAY, cycle);
  before.note(start, cycle);
  equal(before.dirty, true);
  const saved = before.toJson();
  equal(before.dirty, false);
  const same = new Monitoring(zone, start + HOUR, () => usual);
  same.note(start + HOUR, { ...cycle, bytes: 10 });
  same.adopt(saved, start + HOUR);
  const { cycles, bytes, bytesMax, from } = same.current(start + HOUR);
  deepEqual([cycles, bytes, bytesMax, from], [2, 1010, 1000, start]);
  equal(same.past.length, before.past.length);
  const later = new Monitoring(zone, start + 2 * DAY, () => usual);
  later.adopt(saved, start + 2 * DAY);
  equal(later.past.length, before.past.length + 1);
  equal(later.current(start + 2 * DAY).cycles, 0);
  for (const bad of [{}, { current: 1, past: 2 }, { current: { from: "x" }, past: [{}] }]) {
    const fresh = new Monitoring(zone, start, () => usual);
    fresh.adopt(bad, start);
    equal(fresh.past.length, 0);
  }
});
