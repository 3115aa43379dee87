/**
 * The playhead moves in bounded steps, and never into what is not known.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { LEVER_MAX, movedOn, speedOf, STEP_MAX, usualLever } from "../../../web/state/playback.ts";

const HOUR = 3_600_000_000;

Deno.test("a tab that slept for an hour goes on where it was", () => {
  const at = movedOn(0, 3_600_000, 1_000_000, HOUR);
  assert.equal(at, STEP_MAX * 1000);
});

Deno.test("the playhead never goes back, and never past what is known", () => {
  const time = fc.integer({ min: 0, max: HOUR });
  fc.assert(
    fc.property(
      time,
      fc.integer({ min: -1000, max: 10_000 }),
      time,
      time,
      (at, elapsed, speed, known) => {
        const moved = movedOn(at, elapsed, speed, known);
        return moved >= at && moved <= Math.max(at, known);
      },
    ),
  );
});

Deno.test("the lever goes from one second a second to a whole drill in ten", () => {
  assert.equal(speedOf(0, 24 * HOUR), 1_000_000);
  assert.equal(speedOf(LEVER_MAX, 24 * HOUR), 24 * HOUR / 10);
  const speeds = Array.from({ length: LEVER_MAX }, (_, lever) => speedOf(lever, 1000 * HOUR));
  assert.deepEqual(speeds, speeds.toSorted((one, other) => one - other));
  // A drill of three hours is over in about forty seconds where nobody chose.
  const takes = 3 * HOUR / speedOf(usualLever(3 * HOUR), 3 * HOUR);
  assert.ok(takes > 30 && takes < 50, `${takes} s`);
});
