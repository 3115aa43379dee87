/**
 * Times that an administrator gives for a start, and the plan in a record.
 *
 * @module
 */

import { deepEqual, equal, throws } from "node:assert/strict";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import {
  checkStartTime,
  NETWORK_NOW,
  planFromJson,
  planToJson,
  startTime,
} from "../../../../engine/core/relationship/seeding_plan.ts";

/** 2026-03-28 20:00 UTC; an hour ahead of UTC until 2026-03-29 01:00 UTC, two from then on. */
const WALL = Date.UTC(2026, 2, 28, 20) * 1000;
const SWITCH = Date.UTC(2026, 2, 29, 1) * 1000;
const ZONE = { localOffset: (wall: number) => wall < SWITCH ? HOUR : 2 * HOUR };
/** The autumn of the same zone. */
const BACK = Date.UTC(2026, 9, 25, 1) * 1000;
const AUTUMN = { localOffset: (wall: number) => wall < BACK ? 2 * HOUR : HOUR };

Deno.test("a time of day is the next one there is, in local time (M24)", () => {
  equal(startTime(ZONE, WALL, "21:30"), WALL + 30 * MINUTE);
  equal(startTime(ZONE, WALL, "21:00:05"), WALL + 5 * SECOND);
  // At 21:00 it is 21:00 tomorrow, of a day that has 23 hours.
  equal(startTime(ZONE, WALL, "21:00"), WALL + 23 * HOUR);
});

Deno.test("a time that summer time skips is when it is skipped, one that comes twice is the first (M24)", () => {
  equal(startTime(ZONE, WALL, "2026-03-29T02:30"), SWITCH);
  equal(startTime(ZONE, WALL, "2026-03-29T03:30"), SWITCH + 30 * MINUTE);
  const evening = BACK - 5 * HOUR;
  equal(startTime(AUTUMN, evening, "2026-10-25T02:30"), BACK - 30 * MINUTE);
  equal(startTime(AUTUMN, evening, "2026-10-25T02:30:00+01:00"), BACK + 30 * MINUTE);
});

Deno.test("a time with an offset or Z needs no zone, and what is no time is refused (M24)", () => {
  equal(startTime(ZONE, WALL, "2026-03-28T21:15:30Z"), WALL + 75 * MINUTE + 30 * SECOND);
  for (const text of ["", "soon", "25:00", "2026-02-30T10:00", "2026-03-28", "9:5"]) {
    throws(() => startTime(ZONE, WALL, text), /bad-argument: Not a time/, text);
  }
});

Deno.test("a start is at most 30 days ahead and not in the past (M24)", () => {
  equal(checkStartTime(WALL, WALL + 30 * DAY), WALL + 30 * DAY);
  throws(() => checkStartTime(WALL, WALL + 30 * DAY + 1), /more than 30 days ahead/);
  equal(checkStartTime(WALL, WALL - 10 * SECOND), WALL - 10 * SECOND);
  throws(() => checkStartTime(WALL, WALL - 2 * MINUTE), /has passed/);
});

Deno.test("a plan comes back from its record, and an older record has none", () => {
  const exported = { point: "0".repeat(32), digest: "a".repeat(64), folder: "/media/vm_1" };
  const packageKey = { seed: "1".repeat(32), key: "b".repeat(64) };
  for (
    const plan of [
      NETWORK_NOW,
      { ...NETWORK_NOW, at: WALL },
      { ...NETWORK_NOW, method: "export" as const, path: "/media", exported },
      { ...NETWORK_NOW, method: "export" as const, path: "/media", packageKey },
    ]
  ) deepEqual(planFromJson(planToJson(plan as never)), { packageKey: undefined, ...plan });
  equal(planToJson(undefined), null);
  equal(planFromJson(undefined), undefined);
  equal(planFromJson(null), undefined);
  equal(planFromJson({ method: "by-pigeon" }), undefined);
});
