/**
 * Which points a retention keeps (R7, M28, M31), judged by an oracle that shares nothing with the engine:
 * it looks at every point that there ever was, one by one, and asks of each whether something keeps it.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { type Aged, keptPlaces } from "../../../../engine/core/history/kept_points.ts";
import { parseRetention } from "../../../../engine/core/wire/retention.ts";

const seed = Number(Deno.env.get("SEED") ?? 20261128);
const ALL = 1_000_000;

/** A tier as the oracle has it: one point each `every` µs, for so long or for so many. */
interface Rule {
  readonly every: number;
  readonly span?: number;
  readonly count?: number;
}

/** True when `point`, of all in `history`, is to be there. */
function stays(point: Aged, history: readonly Aged[], rules: readonly Rule[]): boolean {
  const newest = history[history.length - 1] as Aged;
  if (point === newest) return true;
  return rules.some(({ every, span, count }) => {
    const begin = every === 0 ? point.protectedAt : point.protectedAt - point.protectedAt % every;
    const end = every === 0 ? begin + 1 : begin + every;
    const mates = history.filter((other) => other.protectedAt >= begin && other.protectedAt < end);
    const first = mates.find((other) => other.kind !== "standard") ?? mates[0];
    if (first !== point) return false;
    if (span !== undefined) return newest.protectedAt - point.protectedAt <= span;
    const later = history.filter((other) => other.protectedAt >= end);
    const periods = new Set(later.map((other) => Math.floor(other.protectedAt / every)));
    return periods.size < (count as number);
  });
}

/** What is left when points come one by one and retention looks at them when `prune` says. */
function lived(history: readonly Aged[], text: string, prune: (index: number) => boolean): Aged[] {
  const retention = parseRetention(text);
  let list: Aged[] = [];
  for (const [index, point] of history.entries()) {
    list.push(point);
    if (!prune(index)) continue;
    const kept = keptPlaces(list, retention, ALL);
    list = list.filter((_, place) => kept.has(place));
  }
  return list;
}

const CASES: readonly (readonly [string, readonly Rule[]])[] = [
  ["newest", []],
  ["hourly 24", [{ every: HOUR, count: 24 }]],
  ["hourly 3", [{ every: HOUR, count: 3 }]],
  ["all 2h, hourly 1d, daily 30d", [
    { every: 0, span: 2 * HOUR },
    { every: HOUR, span: DAY },
    { every: DAY, span: 30 * DAY },
  ]],
  ["7m 2h, 50m 9h", [{ every: 7 * MINUTE, span: 2 * HOUR }, {
    every: 50 * MINUTE,
    span: 9 * HOUR,
  }]],
  ["10m 6, hourly 5, daily 2", [
    { every: 10 * MINUTE, count: 6 },
    { every: HOUR, count: 5 },
    { every: DAY, count: 2 },
  ]],
];

Deno.test("after any life exactly the expected points are left, whenever it was pruned (M28, M31)", () => {
  const step = fc.record({
    gap: fc.oneof(
      fc.integer({ min: 1, max: 10 * SECOND }),
      fc.integer({ min: MINUTE, max: 20 * MINUTE }),
      fc.integer({ min: HOUR, max: 3 * DAY }),
    ),
    consistent: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
    prune: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 120 }),
      fc.constantFrom(...CASES),
      (steps, [text, rules]) => {
        let at = 0;
        const history = steps.map(({ gap, consistent }): Aged => {
          at += gap;
          return { protectedAt: at, kind: consistent ? "application-consistent" : "standard" };
        });
        const end = history.length - 1;
        const left = lived(history, text, (index) => index === end || steps[index]?.prune === true);
        assert.deepEqual(left, history.filter((point) => stays(point, history, rules)), text);
      },
    ),
    { seed, numRuns: 400 },
  );
});

Deno.test("5 minutes for 2 h, hourly for 1 d, daily for 30 d: the expected points after 60 d (M31)", () => {
  const history = Array.from({ length: 60 * 288 }, (_, index): Aged => {
    return { protectedAt: (index + 1) * 5 * MINUTE, kind: "standard" };
  });
  const left = lived(history, "5m 2h, hourly 1d, daily 30d", () => true);
  const now = 60 * DAY;
  const expected = new Set<number>();
  for (let back = 0; back <= 24; back++) expected.add(now - back * 5 * MINUTE);
  for (let back = 0; back <= 24; back++) expected.add(now - back * HOUR);
  for (let back = 0; back <= 30; back++) expected.add(now - back * DAY);
  const times = left.map(({ protectedAt }) => protectedAt);
  assert.deepEqual(times, [...expected].sort((one, other) => one - other));
  assert.equal(times.length, 25 + 22 + 29, "two hours of 5 min, 22 more hours, 29 more days");
});

Deno.test("Hyper-V's hourly N is N hourly points and the newest", () => {
  const history = Array.from({ length: 40 * 12 }, (_, index): Aged => {
    return { protectedAt: HOUR / 3 + index * 5 * MINUTE, kind: "standard" };
  });
  for (const count of [0, 1, 5, 24]) {
    const left = lived(history, `hourly ${count}`, () => true);
    assert.equal(left.length, count + 1);
    const firsts = left.slice(0, -1).map(({ protectedAt }) => protectedAt % HOUR);
    assert.ok(firsts.every((minute) => minute < 5 * MINUTE));
  }
});

Deno.test("an application-consistent point stands for its period, the first of several", () => {
  const points = [1, 2, 3, 4].map((minutes): Aged => ({
    protectedAt: minutes * MINUTE,
    kind: minutes === 2 || minutes === 3 ? "application-consistent" : "standard",
  }));
  const left = lived(points, "hourly 24", () => true);
  assert.deepEqual(left, [points[1], points[3]]);
});

Deno.test("no list grows beyond what its machine may keep, whatever was asked for", () => {
  const points = Array.from({ length: 50 }, (_, index): Aged => {
    return { protectedAt: index * SECOND, kind: "standard" };
  });
  const kept = keptPlaces(points, parseRetention("all 1d"), 10);
  assert.deepEqual(
    [...kept].sort((left, right) => left - right),
    [
      ...Array(10).keys(),
    ].map((index) => 40 + index),
  );
});
