/**
 * A drill in a thread of its own: a real worker.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { DrillReport } from "../../lab/report/drill_report.ts";
import { startDrillThread } from "../../lab/server/runs/drill_thread.ts";
import { FIRE } from "./program.ts";

/** Runs a text in a worker; its report, or why there is none. */
function ran(text: string): Promise<{ report: DrillReport | string; progress: number }> {
  let progress = 0;
  return new Promise((over) => {
    startDrillThread({ text, seed: 3 }, {
      progress: ({ now, end, events }) => {
        assert.ok(now >= 0 && end > 0 && events > 0);
        progress++;
      },
      done: (report) => over({ report, progress }),
      failed: (message) => over({ report: message, progress }),
    });
  });
}

Deno.test("a thread says how far it is and ends with a report, the same each time", async () => {
  const first = await ran(FIRE);
  assert.ok(typeof first.report !== "string", String(first.report));
  assert.ok(first.progress > 0);
  assert.deepEqual((await ran(FIRE)).report, first.report);
});

Deno.test("a thread that dies is told, and this process lives", async () => {
  const { report } = await ran("no scenario");
  assert.match(String(report), /no scenario/);
});

Deno.test("a thread that is stopped says nothing any more", async () => {
  const said: string[] = [];
  await new Promise<void>((stopped) => {
    const stop = startDrillThread({ text: FIRE, seed: 3 }, {
      progress: () => {
        stop();
        said.push("stopped");
        setTimeout(stopped, 0);
      },
      done: () => said.push("done"),
      failed: () => said.push("failed"),
    });
  });
  assert.deepEqual(said, ["stopped"]);
});
