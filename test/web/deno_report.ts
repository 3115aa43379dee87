/**
 * What Deno makes of the scenarios that the page under test shows: the page must come to the same.
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
  return reportOfText(readFileSync(`${FIXTURES}/${name}.yaml`, "utf8"));
}

/** The report of a scenario. */
export function reportOfText(text: string): DrillReport {
  const read = readScenario(text);
  assert.ok(read.ok);
  const options = { engineHash: engineHash(), frames: false };
  return makeReport(runDrill(read.scenario, loadKernel(), options));
}
