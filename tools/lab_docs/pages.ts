/**
 * The files that are generated for the lab, and what they must hold.
 *
 * @module
 */

import { faultPage } from "./fault_page.ts";
import { invariantPage } from "./invariant_page.ts";
import { scenarioJsonSchema } from "../../lab/scenario/json_schema.ts";

/** A generated file. */
export interface Page {
  /** Where it is, from the root of the repository. */
  readonly path: string;
  /** What it must hold. */
  readonly text: () => string;
}

/** Every generated file. */
export const PAGES: readonly Page[] = [
  {
    path: "scenarios/scenario.schema.json",
    text: () => `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`,
  },
  { path: "docs/FAULTS.md", text: faultPage },
  { path: "docs/INVARIANTS.md", text: invariantPage },
];
