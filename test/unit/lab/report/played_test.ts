/**
 * Reports of drills that were really played: they agree with what frames show, which another account keeps, and with the
 * script by hand.
 *
 * @module
 */

import assert from "node:assert/strict";
import { HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { type DrillReport, drillReportSchema } from "../../../../lab/report/drill_report.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import type { Recording } from "../../../../lab/run/recording.ts";
import { runDrill } from "../../../../lab/run/session.ts";
import type { Step } from "../../../../lab/scenario/drill_scenario.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { fault, smallDrill, verb } from "../run/small_drill.ts";

const kernel = loadKernel();

/** A small drill with its report; cycles are a minute long, and ten writes of 4 KiB come a second. */
function played(
  ...script: Step[]
): { readonly recording: Recording; readonly report: DrillReport } {
  const recording = runDrill(smallDrill(script), kernel, { engineHash: "0".repeat(16) });
  const report = makeReport(recording);
  assert.deepEqual(drillReportSchema.parse(JSON.parse(JSON.stringify(report))), report);
  assert.equal(report.integrity.unequal, 0);
  assert.ok(report.integrity.compared > 0);
  return { recording, report };
}

/** The saw of a report at an instant, between two of its corners. */
function sawAt(series: DrillReport["machines"][number]["rpoSeries"], at: number): number | null {
  const next = series.findIndex(([corner]) => corner > at);
  const [before, behind] = [series[next - 1], series[next]];
  if (before === undefined || behind === undefined) return null;
  const [[from, rpo], [to, then]] = [before, behind];
  if (rpo === null || then === null) return null;
  return rpo + (then - rpo) * (at - from) / (to - from);
}

/** At how many frames both accounts know an RPO; wherever they do, they are alike. */
function framesAlike({ frames }: Recording, { machines, ended }: DrillReport): number {
  let alike = 0;
  for (const { at, machines: [shown] } of frames) {
    const rpo = sawAt(machines[0]!.rpoSeries, at);
    if (at >= ended || rpo === null) continue;
    assert.ok(Math.abs(rpo - (shown?.rpo ?? -1)) <= 1, `${at}: ${rpo} and ${shown?.rpo}`);
    alike++;
  }
  return alike;
}

Deno.test("a fire that was played: the split of its recovery time is that of its script", () => {
  const burns = 5 * MINUTE + 40 * SECOND;
  const { recording, report } = played(
    fault("fire", { at: burns }, "site.fire", "amsterdam"),
    verb("up", { after: "fire.begin", wait: 30 * SECOND }, "failover start"),
  );
  const { detection, decision, recovery } = report.outages[0]!.lasted;
  // The replica hears nothing of a fire in half a minute: the verb is the first sign, and it is the one that helps.
  assert.deepEqual([detection, decision], [30 * SECOND, 0]);
  assert.ok(recovery! > 0 && recovery! < SECOND);
  const { loss, rpo, pointCut } = report.recoveries[0]!;
  const before = recording.writes[0]!.branch.filter((branch) => branch === 0).length;
  assert.equal(loss!.writes + loss!.recovered, before);
  // Points are cut every minute and a little: the last one some 36 s before, with ten writes a second.
  assert.ok(rpo! > 30 * SECOND && rpo! < 40 * SECOND && burns - pointCut! >= rpo!);
  assert.ok(loss!.writes > 270 && loss!.writes < 480);
  assert.match(
    report.sentence,
    /^You lost 3\d s of erp, \d+ writes, because the last point was cut 3\d s before Amsterdam burned\.$/,
  );
  assert.ok(framesAlike(recording, report) > 300);
  // What the world's healing did behind the script is no part of the drill.
  assert.ok(report.ended >= 10 * MINUTE && report.ended < 10 * MINUTE + SECOND);
  assert.equal(report.machines[0]!.runsAt, "bern");
  assert.equal(report.verdict, "passed-with-conditions");
});

Deno.test("a fire that nobody reacts to was not recovered by the healing of the world", () => {
  const { report } = played(fault("fire", { at: 5 * MINUTE }, "site.fire", "amsterdam"));
  assert.equal(report.machines[0]!.neverBack, true);
  assert.match(report.sentence, /^Machine erp never ran again: Amsterdam burned/);
});

Deno.test("there and back: nothing is lost, and RPO is that of the side where it runs", () => {
  const { recording, report } = played(
    verb("there", { at: 3 * MINUTE }, "failover planned"),
    verb("back", { after: "erp.staged", wait: 2 * MINUTE }, "failover planned"),
  );
  assert.deepEqual(report.recoveries.map(({ kind, to, state }) => [kind, to, state]), [
    ["planned", "bern", "moved"],
    ["planned", "amsterdam", "moved"],
  ]);
  assert.ok(report.recoveries.every(({ rpo, loss }) => rpo === 0 && loss?.writes === 0));
  assert.equal(report.recoveries[1]!.loss!.recovered > report.recoveries[0]!.loss!.recovered, true);
  assert.ok(framesAlike(recording, report) > 500);
  // Never more than a cycle and what it takes to send one.
  assert.ok(report.machines[0]!.worstRpo! < 62 * SECOND);
  assert.equal(report.failbacks.length, 2);
  assert.ok(report.failbacks.every(({ sentBytes, fullCopy }) => sentBytes < fullCopy / 10));
  assert.equal(report.verdict, "passed");
});

Deno.test("a failover that is cancelled gives up its writes and no others", () => {
  const { recording, report } = played(
    verb("up", { at: 5 * MINUTE }, "failover start"),
    verb("no", { after: "up", wait: MINUTE }, "failover cancel"),
  );
  const [recovery] = report.recoveries;
  assert.equal(recovery!.loss!.fate, "undone");
  const given = recording.writes[0]!.branch.filter((branch) => branch === 1).length;
  assert.equal(recovery!.loss!.discarded, given);
  assert.ok(given > 400);
  assert.equal(report.machines[0]!.runsAt, "amsterdam");
  assert.equal(report.machines[0]!.lostWrites, 0);
});

Deno.test("a link that is cut for four minutes costs nothing, and raises RPO by as much", () => {
  const { recording, report } = played(
    fault("cut", { at: 3 * MINUTE }, "link.partition", "wan", { for: 4 * MINUTE }),
  );
  const [machine] = report.machines;
  assert.ok(machine!.worstRpo! > 4 * MINUTE && machine!.worstRpo! < 7 * MINUTE);
  assert.ok(machine!.aboveObjective > MINUTE && machine!.aboveObjective < HOUR);
  assert.deepEqual(report.outages, []);
  assert.ok(framesAlike(recording, report) > 500);
  assert.deepEqual(report.faults.map(({ began, ended }) => [began, ended]), [
    [3 * MINUTE, 7 * MINUTE],
  ]);
});
