/**
 * Work that could have been lost: everything while no point is elsewhere, and no more of it while nobody writes.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { DrillReport } from "../../../../lab/report/drill_report.ts";
import { exposureText } from "../../../../lab/report/figures.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import { fire, S, Story } from "./story.ts";

function overTime({ objectives }: DrillReport) {
  return objectives.find(({ kind }) => kind === "rpo-over-time");
}

/** A machine whose replica burns at 400, and has a first point there again at 700. */
function withoutReplica(): Story {
  return new Story("erp").writes("erp", 1, 1000)
    .point("erp", "p1", 100, 100, 110).point("erp", "p2", 350, 350, 360)
    .note(400, { kind: "host", site: "berlin", what: "destroyed" })
    .note(500, { kind: "host", site: "berlin", what: "replaced" })
    .point("erp", "p3", 690, 690, 700).point("erp", "p4", 940, 940, 950);
}

Deno.test("while a lost replica leaves no point elsewhere everything could be lost: no objective for RPO is met then", () => {
  const report = makeReport(withoutReplica().recording(1000));
  const [machine] = report.machines;
  // Write 101 was missing until 360, write 351 until the fire, and write 691 until 950.
  assert.equal(machine?.worstRpo, (950 - 691) * S);
  assert.equal(machine?.beforeFirst, 110 * S);
  assert.equal(machine?.bare, (700 - 400) * S);
  assert.equal(machine?.unprotected, (110 + 300) * S);
  assert.deepEqual(
    [overTime(report)?.verdict, overTime(report)?.achieved, overTime(report)?.margin],
    ["breached", null, null],
  );
  assert.equal(
    report.sentence,
    "Nothing was lost: erp ran all the time, though a disaster could have cost up to 4 min 19 s of it, and all of it " +
      "for 5 min in which no point of it was elsewhere, and 5 min is what its owner allows.",
  );
  assert.deepEqual(
    report.findings.filter(({ severity }) => severity === "major").map(({ sentence }) => sentence),
    [
      "For 5 min no recovery point of erp was at another site: a disaster would have cost all of it, and 5 min is " +
      "its objective.",
    ],
  );
  assert.equal(report.verdict, "passed-with-conditions");
  assert.equal(
    exposureText(machine!),
    "At worst 4 min 19 s, never above its objective, without a point at the other side for the first 1 min 50 s and " +
      "for 5 min later",
  );
});

Deno.test("before its first point a machine has none by plan, and that is told where it lasts longer than is allowed", () => {
  const story = new Story("erp").writes("erp", 1, 1000).point("erp", "p1", 800, 800, 810);
  const report = makeReport(story.recording(1000));
  assert.equal(report.machines[0]?.bare, 0);
  assert.equal(overTime(report)?.verdict, "met");
  assert.equal(report.verdict, "passed");
  assert.equal(
    report.sentence,
    "Nothing was lost: erp ran all the time, though a disaster could have cost up to 3 min 19 s of it, and all of it " +
      "in the first 13 min 30 s, before its first point was elsewhere.",
  );
});

/** Shut down for a planned move at 600; runs at Berlin from 640 on, and has a first point at Amsterdam at `staged`. */
function moved(staged: number): Story {
  return new Story("erp").writes("erp", 1, 600).point("erp", "p1", 350, 350, 360)
    .asks(598, "failover planned", "erp", "berlin")
    .note(600, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .point("erp", "p2", 605, 600, 615)
    .note(630, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p2" })
    .branch("erp", 630, "berlin", "p2")
    .note(640, { kind: "guest", vm: "erp", site: "berlin", runs: true })
    .note(641, { kind: "moved", vm: "erp", site: "berlin", how: "planned" })
    .answered(641, "failover planned", "erp", "berlin")
    .writes("erp", 641, 1500, 1)
    .point("erp", "p3", staged - 5, 600 + staged - 645, staged, "berlin");
}

Deno.test("behind a planned move the site that was left has everything: only what the objective allows may pass", () => {
  assert.equal(makeReport(moved(900).recording(1000)).machines[0]?.bare, 0);
  // Berlin is written from 630 on, and 300 s are allowed.
  const late = makeReport(moved(1400).recording(1500));
  assert.equal(late.machines[0]?.bare, (1400 - 630 - 300) * S);
  assert.equal(overTime(late)?.verdict, "breached");
});

Deno.test("while a machine is off nothing is written, and no more can be lost", () => {
  const story = new Story("erp").writes("erp", 1, 600).point("erp", "p1", 400, 400, 410)
    .note(600, { kind: "host", site: "amsterdam", what: "dark" })
    .note(600, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(1800, { kind: "host", site: "amsterdam", what: "lit" })
    .note(1800, { kind: "guest", vm: "erp", site: "amsterdam", runs: true })
    .writes("erp", 1801, 1900).point("erp", "p2", 1850, 650, 1860);
  const report = makeReport(story.recording(1900));
  const [machine] = report.machines;
  // Write 401 was missing: 199 s of work until the power went, and 60 s from 1800 to 1860.
  assert.equal(machine?.worstRpo, ((600 - 401) + (1860 - 1800)) * S);
  // Before p1 came it had none, so nothing was above 300 s at any time.
  assert.equal(machine?.aboveObjective, 0);
  assert.equal(overTime(report)?.verdict, "met");
  assert.equal(machine?.finalRpo, (1900 - 1851) * S);
});

Deno.test("what a failover lost is work too: the time in which the machine was off is none", () => {
  const story = new Story("erp").writes("erp", 1, 500).point("erp", "p1", 400, 400, 410)
    .note(500, { kind: "host", site: "amsterdam", what: "dark" })
    .note(500, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(900, { kind: "host", site: "amsterdam", what: "lit" })
    .note(900, { kind: "guest", vm: "erp", site: "amsterdam", runs: true })
    .writes("erp", 901, 950)
    .note(950, { kind: "host", site: "amsterdam", what: "destroyed" })
    .note(950, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .asks(960, "failover start", "erp", "berlin")
    .note(961, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    .branch("erp", 961, "berlin", "p1")
    .note(962, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  const report = makeReport(story.recording(1000));
  const failover = report.recoveries.find(({ kind }) => kind === "failover");
  assert.equal(failover?.loss?.writes, 150);
  assert.equal(failover.rpo, ((500 - 401) + (950 - 900)) * S);
});

Deno.test("behind a failover no point is elsewhere until its replication was reversed", () => {
  const report = makeReport(fire().recording(1200));
  assert.equal(report.machines[0]?.bare, (1200 - 932) * S);
  assert.equal(overTime(report)?.verdict, "breached");
});
