/**
 * What Deno makes of the scenarios that the page under test has built in: the page must come to the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { engineHash } from "../../lab/engine_hash.ts";
import { makeReport } from "../../lab/report/report.ts";
import type { DrillReport } from "../../lab/report/drill_report.ts";
import { runDrill } from "../../lab/run/session.ts";
import { readScenario } from "../../lab/scenario/read_scenario.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { FIXTURES } from "./lab_page.ts";

/** The report of a scenario of `fixtures/`. */
export function reportOf(name: string): DrillReport {
  const read = readScenario(readFileSync(`${FIXTURES}/${name}.yaml`, "utf8"));
  assert.ok(read.ok);
  const options = { engineHash: engineHash(), frames: false };
  return makeReport(runDrill(read.scenario, loadKernel(), options));
}
