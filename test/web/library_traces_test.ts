/**
 * Every scenario of the library runs the same in Chromium as in Deno, event by event, and comes to the same outcome.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { runDrill } from "../../lab/run/session.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { program, testWithNeeds } from "../needs.ts";
import { LIBRARY } from "../scenarios/library.ts";
import { LabPage } from "./lab_page.ts";

/** A drill in a browser beside other work. */
const PLAY_MAX = 240_000;

/** What a worker of the page found. */
interface Outcome {
  readonly trace: string;
  readonly events: number;
  /** Expectations that did not come true, by their names. */
  readonly broken: readonly string[];
}

/** Plays a drill in a worker of the page, as the page does it. */
function playInPage(page: Page, scenario: DrillScenario): Promise<Outcome> {
  return page.evaluate(({ text, patience }) => {
    const scenario = JSON.parse(text);
    return new Promise<Outcome>((resolve, reject) => {
      const worker = new Worker("/drill_worker.js", { type: "module" });
      const end = (outcome: Outcome | Error) => {
        worker.terminate();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      setTimeout(() => end(new Error(`${scenario.name} was not over in time`)), patience);
      worker.onerror = (event) => end(new Error(event.message));
      worker.onmessage = ({ data }) => {
        if (data.kind === "failed") end(new Error(data.message));
        if (data.kind !== "done") return;
        const { traceHash: trace, events } = data.recording;
        const rows = data.report.expectations as {
          readonly name: string;
          readonly holds: boolean;
        }[];
        const broken = rows.filter(({ holds }) => !holds).map(({ name }) => name);
        end({ trace, events, broken });
      };
      worker.postMessage({ scenario, seed: scenario.seed, engineHash: "" });
    });
  }, { text: JSON.stringify(scenario), patience: PLAY_MAX });
}

testWithNeeds(
  {
    name: "the library runs in Chromium as it does in Deno",
    needs: [program("chromium", "chromium")],
  },
  async () => {
    await using lab = await LabPage.open();
    await lab.visit(async (page) => {
      for (const [file, drill] of LIBRARY) {
        const there = playInPage(page, drill);
        const { traceHash, events } = runDrill(drill, loadKernel(), {
          engineHash: "",
          frames: false,
        });
        assert.deepEqual(await there, { trace: traceHash, events, broken: [] }, file);
      }
    });
  },
);
