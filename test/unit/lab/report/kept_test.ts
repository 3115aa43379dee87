/**
 * What one side alone had written when it gave way is kept as a point, and a report of a drill that was played says so.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { DrillReport } from "../../../../lab/report/drill_report.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import { runDrill } from "../../../../lab/run/session.ts";
import type { Step } from "../../../../lab/scenario/drill_scenario.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { fault, smallDrill, verb } from "../run/small_drill.ts";

function played(...script: Step[]): DrillReport {
  return makeReport(runDrill(smallDrill(script), loadKernel(), { engineHash: "", frames: false }));
}

/** The timeline of erp, without instants. */
function told({ timeline }: DrillReport): string[] {
  return timeline.filter(({ who }) => who === "erp").map(({ what }) => what);
}

Deno.test("a reversal: what the old primary alone had is not lost but kept there", () => {
  const report = played(
    fault("cut", { at: 3 * MINUTE }, "link.partition", "wan", {
      for: 3 * MINUTE,
      params: { way: "both" },
    }),
    verb("up", { at: 3 * MINUTE + 40 * SECOND }, "failover start"),
    verb("stay", { after: "up", wait: 10 * SECOND }, "failover reverse"),
  );
  const [recovery] = report.recoveries;
  assert.equal(recovery?.kind, "failover");
  assert.equal(recovery?.loss?.fate, "kept");
  assert.ok(recovery.loss.writes > 0);
  const lines = told(report);
  const reversed = lines.indexOf("replication reversed, is written at Bern");
  const kept = lines.findIndex((line) =>
    /^what Amsterdam alone had written is kept there as a point, [0-9a-f]{8}$/.test(line)
  );
  assert.ok(reversed > 0 && kept > reversed, lines.join("\n"));
  assert.match(report.sentence, /writes that Amsterdam alone had, .* of work, are kept as a/);
  assert.ok(report.findings.some(({ sentence }) => /but kept as a recovery point/.test(sentence)));
  // The way back is counted from the reversal, also where both sides came to agree later.
  assert.equal(report.failbacks.length, 1);
  assert.ok(report.failbacks[0]!.protectedAt !== null);
});

Deno.test("a split brain that is resolved says at which site the machine goes on", () => {
  const report = played(
    verb("prepare", { at: 3 * MINUTE }, "failover prepare"),
    fault("cut", { after: "prepare", wait: SECOND }, "link.partition", "wan", {
      for: 2 * MINUTE,
      params: { way: "both" },
    }),
    verb("up", { after: "cut.begin", wait: 20 * SECOND }, "failover start"),
    {
      ...verb("force", { after: "up", wait: SECOND }, "failover cancel", { force: true }),
      on: "amsterdam",
    } as Step,
    {
      ...{ id: "both", when: { after: "force", wait: SECOND }, line: 0, kind: "guest" },
      ...{ guest: "start", vm: "erp", disk: 0, offset: 0, length: 0, rough: false },
    },
    verb("stay", { after: "both", wait: 30 * SECOND }, "failover reverse"),
    verb("resolve", { after: "cut", wait: 2 * MINUTE }, "failover resolve", {
      keep: { at: "bern" },
    }),
  );
  assert.deepEqual(report.steps.filter(({ result }) => result !== "done"), []);
  const lines = told(report);
  const resolved = lines.indexOf("two histories resolved, is written at Bern");
  assert.ok(resolved > lines.indexOf("replication reversed, is written at Bern"));
  assert.ok(lines.slice(resolved).some((line) => line.startsWith("what Amsterdam alone had")));
  assert.match(report.sentence, /^Both sites had written erp: Bern goes on, and \d+ writes /);
  assert.equal(report.machines[0]!.runsAt, "bern");
  assert.equal(report.failbacks.length, 1);
});
