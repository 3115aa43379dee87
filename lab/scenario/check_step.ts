/**
 * What is wrong with one step that somebody is about to add to a script: in the language's own words, by key.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import { writtenScenario } from "./canonical_scenario.ts";
import type { DrillScenario } from "./drill_scenario.ts";
import { Issues } from "./issues.ts";
import { ScriptMeaning } from "./script_meaning.ts";
import type { Path, Problem } from "./source.ts";

/** Something that is wrong with a step. */
export interface StepProblem {
  /** The key that it is wrong with; "" for the step as a whole. */
  readonly key: string;
  readonly message: string;
}

/** Nobody wrote the step, so it is in no line. */
const NOWHERE = { line: 0, column: 0, endLine: 0, endColumn: 0 };

/** What would be wrong with `step` at the end of the script of `scenario`; what is wrong with other steps is not its problem. */
export function stepProblems(scenario: DrillScenario, step: JsonObject): StepProblem[] {
  const others = writtenScenario(scenario)["script"] as readonly JsonObject[];
  const found: StepProblem[] = [];
  const problem = (path: Path, message: string): Problem => {
    if (path[1] === others.length) found.push({ key: String(path[2] ?? ""), message });
    return { ...NOWHERE, message };
  };
  const issues = new Issues({ value: undefined, problem, line: () => 0 });
  new ScriptMeaning(scenario, issues).steps([...others, step]);
  return found;
}
