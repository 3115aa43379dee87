/**
 * What the routes have in common: names, bodies, errors, and reading a scenario out of a request.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { DrillScenario } from "../../scenario/drill_scenario.ts";
import { readScenario } from "../../scenario/read_scenario.ts";
import { SCENARIO_NAME } from "../../scenario/rename.ts";
import { ErrorSchema, LabError, STATUS } from "../problem.ts";

/** The name of a scenario. */
export const ScenarioName = z.string().regex(SCENARIO_NAME, {
  error: "A name has lower-case letters, digits and -, at most 64 of them",
}).openapi({ example: "site-fire" });

/** A name as part of a path. */
export const NameParam = z.object({ name: ScenarioName });

/** A body of JSON. */
export function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}

const MEANINGS: Readonly<Record<number, string>> = Object.fromEntries(
  [...new Set(Object.values(STATUS))].map((status) => [
    status,
    Object.entries(STATUS).filter(([, one]) => one === status).map(([code]) => `\`${code}\``)
      .join(", "),
  ]),
);

/** Errors that a route may answer with. Thrown, never returned: so handlers have no type for them. */
export function failures(...statuses: number[]): Record<string, never> {
  return Object.fromEntries(
    statuses.map((status) => [status, json(MEANINGS[status] ?? "", ErrorSchema)]),
  ) as unknown as Record<string, never>;
}

/** The scenario that a text is; a refusal with each place where it is none. */
export function readOrRefuse(text: string): DrillScenario {
  const read = readScenario(text);
  if (read.ok) return read.scenario;
  const [first] = read.problems;
  throw new LabError(
    "not-a-scenario",
    first === undefined
      ? "The text is no scenario"
      : `The text is no scenario: line ${first.line}, column ${first.column}: ${first.message}`,
    "Mend the places in `problems`, or begin with a scenario of the library",
    read.problems,
  );
}
