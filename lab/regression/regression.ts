/**
 * Regressions: runs that once broke an invariant, as drills in which every event is a step, so that they stay what they are when
 * the generator makes something else of their seed.
 *
 * Rule: one that cannot be read is an error, and is never skipped.
 *
 * @module
 */

import { canonicalText, type JsonObject } from "../../engine/core/base/json.ts";
import { hashText } from "../../engine/sim/prng.ts";
import type { Scenario } from "../../engine/sim/scenario/scenario.ts";
import type { DrillScenario } from "../scenario/drill_scenario.ts";
import { canonicalScenario, writtenScenario } from "../scenario/canonical_scenario.ts";
import { readScenario } from "../scenario/read_scenario.ts";
import { raise } from "./raise.ts";

/** Ids of what can break: an invariant, or the engine itself. */
const BREAKS = /^(I\d{1,2}|engine-panic)$/;

/** A regression's file: what it is called among the others, and what is in it. */
export interface RegressionFile {
  /** `<invariant>-<hash>.json`: the same run always has the same one. */
  readonly name: string;
  /** Canonical. */
  readonly text: string;
}

/**
 * The file of a run that broke `invariant`; `wrong` says in a sentence what was wrong. Undefined for a run that no drill can be,
 * and for one that broke without an invariant's name.
 */
export function regressionFile(
  scenario: Scenario,
  invariant: string,
  wrong: string,
): RegressionFile | undefined {
  if (!BREAKS.test(invariant)) return undefined;
  const title = invariant === "engine-panic" ? "The engine stopped" : `${invariant} did not hold`;
  const drill = raise(scenario, { name: "x", title, story: wrong });
  if (drill === undefined) return undefined;
  const stem = `${invariant}-${digest(writtenScenario(drill))}`;
  return { name: `${stem}.json`, text: canonicalScenario({ ...drill, name: stem.toLowerCase() }) };
}

/** Twelve hex digits that tell one run from another, whatever is told of it: of what is written, and not of what it reads as. */
function digest({ name: _name, title: _title, story: _story, ...run }: JsonObject): string {
  const text = canonicalText(run);
  const hash = (seed: number) => (hashText(text, seed) >>> 0).toString(16).padStart(8, "0");
  return `${hash(1)}${hash(2).slice(0, 4)}`;
}

/** The drill of a regression's file, and what it once broke; throws for what is none, or is not as it was written. */
export function readRegression(
  { name, text }: RegressionFile,
): { readonly drill: DrillScenario; readonly invariant: string } {
  const result = readScenario(text);
  if (!result.ok) {
    const [first] = result.problems;
    throw new Error(`${name}, line ${first?.line}: ${first?.message}`);
  }
  const { scenario: drill } = result;
  const written = JSON.parse(text) as JsonObject;
  const invariant = name.slice(0, name.lastIndexOf("-"));
  const stem = `${invariant}-${digest(written)}`;
  if (!BREAKS.test(invariant) || `${stem}.json` !== name || drill.name !== stem.toLowerCase()) {
    throw new Error(`${name} holds another run: it would be called ${stem}.json`);
  }
  if (drill.attended !== true || `${canonicalText(written)}\n` !== text) {
    throw new Error(`${name} is not what was written`);
  }
  return { drill, invariant };
}
