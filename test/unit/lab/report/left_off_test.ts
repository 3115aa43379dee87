/**
 * Machines that are off: at the end of a drill, or for a while that nobody had planned, whatever stopped them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeReport } from "../../../../lab/report/report.ts";
import { fire, guestStep, S, Story } from "./story.ts";

/** The fire, and a completion at 1000 that ends the guest of the failover. */
function completed(): Story {
  return fire().asks(1000, "failover complete", "erp", "berlin")
    .note(1000, { kind: "guest", vm: "erp", site: "berlin", runs: false })
    .note(1001, {
      kind: "failover",
      vm: "erp",
      site: "berlin",
      phase: "completed",
      point: "p2",
    })
    .answered(1001, "failover complete", "erp", "berlin");
}

Deno.test("a machine that a verb has ended and nobody starts again is off at the end, and no drill passes with that", () => {
  const report = makeReport(completed().recording(1200));
  assert.equal(
    report.sentence,
    "Machine erp does not run at the end: failover complete ended its guest at 00:16:40, and nobody " +
      "started it again; before that, its failover had gone on without 252 writes, 4 min 11 s of work.",
  );
  assert.equal(report.verdict, "passed-with-conditions");
  const [machine] = report.machines;
  assert.deepEqual([machine?.runsAt, machine?.neverBack, machine?.rto], ["", true, null]);
  assert.deepEqual(report.outages.map(({ kind, ended }) => [kind, ended]), [
    ["incident", 952 * S],
    ["left", null],
  ]);
  assert.equal(report.findings[0]?.severity, "critical");
  assert.match(report.findings[0]!.sentence, /^erp does not run at the end: failover complete/);
  assert.equal(report.objectives.find(({ kind }) => kind === "rto")?.verdict, "breached");
  // There is no split of a recovery time to look at.
  const remedies = report.findings.filter(({ sentence }) =>
    /does not run at the end/.test(sentence)
  );
  assert.equal(remedies.length, 2);
  assert.ok(remedies.every(({ action }) => /\bplan\b/.test(action)));
});

Deno.test("a machine that was started late behind a verb was off for a while that nobody had planned", () => {
  const story = completed().note(1150, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  const report = makeReport(story.recording(1200));
  assert.match(
    report.sentence,
    /; erp was off for 2 min 30 s after failover complete, until somebody started it\.$/,
  );
  assert.ok(report.findings.some(({ severity, sentence }) =>
    severity === "major" && sentence ===
      "erp was off for 2 min 30 s from 00:16:40 on: failover complete had ended its guest, and nobody started it."
  ));
  assert.equal(report.verdict, "passed-with-conditions");
  // The fire was over in 100 s; what was left lying took longer, and counts for the objective too.
  assert.equal(report.machines[0]?.rto, 100 * S);
  assert.equal(report.objectives.find(({ kind }) => kind === "rto")?.achieved, 150 * S);
});

Deno.test("a verb may stop a guest for as long as it works", () => {
  const story = completed().note(1030, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  const report = makeReport(story.recording(1200));
  assert.deepEqual(report.outages.map(({ kind }) => kind), ["incident", "asked"]);
  assert.doesNotMatch(report.sentence, /off for/);
});

Deno.test("a machine that its own script shuts down is off at the end too, unless the drill expects that", () => {
  const stopped = () => {
    const story = new Story("erp").writes("erp", 1, 100).point("erp", "p1", 50, 50, 60);
    story.script.push(guestStep("stop", 100, "stop", "erp"));
    return story.note(100, { kind: "step", step: "stop", phase: "begun" })
      .note(100, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
      .note(100, { kind: "step", step: "stop", phase: "done" });
  };
  const report = makeReport(stopped().recording(200));
  assert.equal(
    report.sentence,
    "Machine erp does not run at the end: guest stop ended its guest at 00:01:40, and nobody started it again.",
  );
  assert.equal(report.verdict, "passed-with-conditions");
  assert.equal(report.objectives.find(({ kind }) => kind === "rto")?.verdict, "not-measured");
  const meant = stopped();
  meant.expect.push({ kind: "machine", vm: "erp", line: 1, runsAt: "" });
  const expected = makeReport(meant.recording(200));
  assert.equal(expected.verdict, "passed");
  assert.ok(expected.findings.some(({ severity }) => severity === "note"));
});

Deno.test("what the healing does before it says so is no part of the drill", () => {
  const recording = fire()
    .note(1200.02, { kind: "guest", vm: "erp", site: "berlin", runs: false })
    .note(1200.02, {
      kind: "verb",
      phase: "asked",
      verb: "failover complete",
      vm: "erp",
      site: "berlin",
      byItself: true,
    })
    .note(1200.02, { kind: "healed" })
    .recording(1200);
  const report = makeReport({ ...recording, ended: 1300 * S });
  assert.equal(report.machines[0]?.runsAt, "berlin");
  assert.equal(report.ended, 1200 * S);
  assert.equal(report.outages.length, 1);
  assert.match(report.sentence, /^You lost/);
  assert.equal(report.timeline.at(-1)?.what, "over: everything heals");
});

/** Machines that stopped as Amsterdam lost power; those that are named go on at Berlin. */
function outageOf(names: readonly string[], back: readonly string[]): Story {
  const story = new Story(...names);
  story.note(100, { kind: "host", site: "amsterdam", what: "dark" });
  for (const vm of names) {
    story.writes(vm, 1, 100).point(vm, `${vm}1`, 50, 50, 60)
      .note(100, { kind: "guest", vm, site: "amsterdam", runs: false });
    if (!back.includes(vm)) continue;
    story.asks(110, "failover start", vm, "berlin")
      .note(111, { kind: "failover", vm, site: "berlin", phase: "started", point: `${vm}1` })
      .branch(vm, 111, "berlin", `${vm}1`)
      .note(112, { kind: "guest", vm, site: "berlin", runs: true });
  }
  return story;
}

Deno.test("of several machines those that never ran again and those that lost work are counted apart", () => {
  const said = (names: readonly string[], back: readonly string[]) =>
    makeReport(outageOf(names, back).recording(200)).sentence.split(". ").slice(1).join(". ");
  const six = ["a", "b", "c", "d", "e", "mail"];
  assert.equal(
    said(six, ["mail"]),
    "4 other machines never ran again either and machine mail lost work.",
  );
  assert.equal(
    said(six, ["a", "b", "mail"]),
    "2 other machines never ran again either and 3 others lost work.",
  );
  assert.equal(said(["a", "b"], []), "Machine b never ran again either.");
  assert.equal(said(["a", "b", "c"], ["a", "b", "c"]), "2 other machines lost work as well.");
});
