/**
 * Random scenarios for fast-check: the generator's, with an explicit choice of events, so that a
 * counterexample shrinks to the few that matter.
 *
 * @module
 */

import fc from "fast-check";
import { generate } from "../../engine/sim/scenario/generate.ts";
import type { Scenario } from "../../engine/sim/scenario/scenario.ts";

/** A seed, and which of its events happen: all of them, or those that the mask names. */
export interface Choice {
  readonly seed: number;
  /** Event `i` is left out where `mask[i % mask.length]` is true. */
  readonly without: readonly boolean[];
}

/** Choices; shrinking leaves ever more events out. */
export const choices: fc.Arbitrary<Choice> = fc.record({
  seed: fc.integer({ min: 100_000_000, max: 999_999_999 }),
  without: fc.array(fc.boolean(), { minLength: 1, maxLength: 64 }),
});

/** The scenario of a choice. */
export function scenarioOf({ seed, without }: Choice): Scenario {
  const scenario = generate(seed);
  const events = scenario.events.filter((_, index) => without[index % without.length] !== true);
  return { ...scenario, events };
}
