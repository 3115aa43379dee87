/**
 * Regressions: scenarios that once broke an invariant, kept as canonical JSON with every event in them, so that they stay
 * what they are when the generator makes something else of their seed.
 *
 * Rule: one that cannot be read is an error, and is never skipped.
 *
 * @module
 */

import { asObject, canonicalText, type Json } from "../../core/base/json.ts";
import { hashText } from "../prng.ts";
import type { Scenario } from "./scenario.ts";
import { checkVerbs } from "./verb_events.ts";

/** The version of the format. */
export const FORMAT_VERSION = 1;

/** A scenario that once broke something. */
export interface Regression {
  readonly formatVersion: typeof FORMAT_VERSION;
  /** The invariant that it once broke. */
  readonly invariant: string;
  /** The planted bug with which it breaks it again; null where there is none. */
  readonly planted: string | null;
  /** What was wrong, in one sentence. */
  readonly wrong: string;
  readonly scenario: Scenario;
}

/** The text of a regression's file. */
export function regressionText(regression: Regression): string {
  return `${canonicalText(regression as unknown as Json)}\n`;
}

/** The name of its file: the same scenario always has the same one. */
export function regressionName({ invariant, scenario }: Regression): string {
  const text = canonicalText(scenario as unknown as Json);
  const hash = (seed: number) => (hashText(text, seed) >>> 0).toString(16).padStart(8, "0");
  return `${invariant}-${hash(1)}${hash(2).slice(0, 4)}.json`;
}

/** The regression that a file holds; throws when it is none. */
export function parseRegression(text: string): Regression {
  const json = asObject(JSON.parse(text) as Json);
  const { formatVersion, invariant, planted, wrong, scenario } = json ?? {};
  if (formatVersion !== FORMAT_VERSION) {
    throw new Error(`A regression of format ${JSON.stringify(formatVersion ?? null)}`);
  }
  const sound = typeof invariant === "string" && typeof wrong === "string" && wrong !== "" &&
    (planted === null || typeof planted === "string") && asObject(scenario) !== undefined;
  const regression = json as unknown as Regression;
  if (!sound || regressionText(regression) !== text) {
    throw new Error("A regression that is not what was written");
  }
  checkVerbs(regression.scenario.events);
  return regression;
}
