/**
 * For how long a machine ran between two instants.
 *
 * @module
 */

import assert from "node:assert/strict";
import { StandingTimes } from "../../../../lab/run/standing_times.ts";

Deno.test("time in which no guest runs is no time of work", () => {
  const standing = new StandingTimes();
  assert.equal(standing.workBetween(10, 50), 40);
  standing.runs(5);
  standing.stops(20);
  standing.stops(25);
  assert.equal(standing.workBetween(10, 50), 10);
  standing.runs(30);
  standing.runs(35);
  assert.equal(standing.workBetween(10, 50), 30);
  standing.stops(60);
  assert.equal(standing.workBetween(25, 70), 30);
  assert.equal(standing.workBetween(40, 50), 10);
});
