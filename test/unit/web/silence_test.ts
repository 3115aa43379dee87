/**
 * When a worker of the page counts as silent.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Silence, SILENCE_MAX } from "../../../web/state/silence.ts";

/** When it counts as silent, ms, if it is looked for every second. */
function foundAt(from: number, silence: Silence, isLookedAt = true): number | undefined {
  for (let now = from + 1000; now <= from + 60_000; now += 1000) {
    if (silence.pass(now, isLookedAt)) return now;
  }
  return undefined;
}

Deno.test("who says nothing is noticed, and who speaks now and then never", () => {
  const silence = new Silence(5000);
  assert.equal(foundAt(5000, silence), 5000 + SILENCE_MAX);
  const spoken = new Silence(0);
  for (let now = 1000; now < 120_000; now += 1000) {
    assert.ok(!spoken.pass(now, true));
    if (now % 9000 === 0) spoken.hear();
  }
});

Deno.test("time in which the tab slept, or nobody looked, does not count", () => {
  const hidden = new Silence(0);
  assert.equal(foundAt(0, hidden, false), undefined);
  const slept = new Silence(0);
  assert.ok(!slept.pass(1000, true));
  assert.ok(!slept.pass(3_600_000, true), "An hour that passed between two looks");
  slept.hear();
  assert.equal(foundAt(3_600_000, slept), 3_600_000 + SILENCE_MAX);
});
