/**
 * Expectations and objectives against what was achieved, and the verdict that comes of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { within } from "../../../../lab/report/expectations.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import type { Expectation } from "../../../../lab/scenario/drill_scenario.ts";
import { fire, S, Story, verbStep } from "./story.ts";

/** Whether a fire meets an expectation, and what was achieved. */
function meets(expectation: Expectation): string {
  const story = fire();
  story.expect.push(expectation);
  const { expectations, verdict } = makeReport(story.recording(1200));
  assert.equal(verdict === "failed", !expectations.every(({ holds }) => holds));
  return expectations.map(({ holds, achieved }) => `${holds ? "yes" : "no"}: ${achieved}`)
    .join("; ");
}

Deno.test("about is met within 10 %, bounds are met exactly", () => {
  assert.ok(within(90, { about: 100 }) && within(110, { about: 100 }));
  assert.ok(!within(89, { about: 100 }) && !within(111, { about: 100 }));
  assert.ok(within(5, { min: 5, max: 5 }));
  assert.ok(!within(4, { min: 5 }) && !within(6, { max: 5 }));
  assert.ok(within(0, { about: 0 }) && !within(1, { about: 0 }));
});

Deno.test("what a machine lost and how long it was gone", () => {
  const of = { kind: "machine", vm: "erp", line: 3 } as const;
  assert.equal(meets({ ...of, rpo: { max: 251 * S } }), "yes: 4 min 11 s");
  assert.equal(meets({ ...of, rpo: { max: 250 * S } }), "no: 4 min 11 s");
  assert.equal(meets({ ...of, rto: { about: 95 * S } }), "yes: 1 min 40 s");
  assert.equal(meets({ ...of, lostWrites: { min: 253 } }), "no: 252");
  assert.equal(meets({ ...of, lostBytes: { about: 2 ** 20 } }), "yes: 1008 KiB");
  assert.equal(meets({ ...of, worstRpo: { max: 319 * S } }), "yes: 5 min 19 s");
  assert.equal(meets({ ...of, runsAt: "berlin" }), "yes: berlin");
  assert.equal(meets({ ...of, runsAt: "" }), "no: berlin");
  assert.equal(meets({ ...of, vm: "web", rpo: { max: S } }), "no: there was no recovery");
});

Deno.test("a recovery that did not take place meets no bound", () => {
  const story = new Story("erp").writes("erp", 1, 10);
  story.expect.push({
    kind: "machine",
    vm: "erp",
    line: 1,
    rpo: { max: S },
    lostWrites: { max: 0 },
  });
  const { expectations, verdict } = makeReport(story.recording(20));
  assert.deepEqual(expectations.map(({ holds }) => holds), [false, true]);
  assert.equal(verdict, "failed");
});

Deno.test("invariants: those that are named, or every one", () => {
  const story = fire();
  story.violation = { id: "I30", message: "more was lost", time: 5 };
  story.expect.push({ kind: "invariants", ids: "all", line: 1 });
  story.expect.push({ kind: "invariants", ids: ["I1", "I2"], line: 2 });
  story.expect.push({ kind: "invariants", ids: ["I30"], line: 3 });
  const { expectations } = makeReport(story.recording(1200));
  assert.deepEqual(expectations.map(({ holds }) => holds), [false, true, false]);
});

Deno.test("convergence: every machine, and only where the run got so far", () => {
  const of = (converged: Record<string, boolean> | undefined) => {
    const story = fire();
    story.converged = converged;
    story.expect.push({ kind: "converges", cycles: 3, line: 1 });
    return makeReport(story.recording(1200)).expectations[0];
  };
  assert.equal(of({ erp: true, web: true })?.holds, true);
  assert.equal(of({ erp: true, web: false })?.achieved, "web did not");
  assert.equal(of(undefined)?.holds, false);
});

Deno.test("steps: done, refused, or failed with a code; those not executed are told", () => {
  const story = fire();
  story.script.push(verbStep("3", 1100, "failover reverse", "erp"));
  story.script.push(verbStep("4", 1150, "failover complete", "erp"));
  story.note(1100, { kind: "step", step: "3", phase: "begun" });
  story.note(1101, {
    kind: "step",
    step: "3",
    phase: "failed",
    code: "wrong-state",
    why: "It is not completed",
  });
  const outcomes = [["2", "done"], ["3", "refused"], ["3", "wrong-state"], ["3", "done"]];
  for (const [step, outcome] of [...outcomes, ["4", "done"], ["9", "done"]]) {
    story.expect.push({ kind: "step", step: step!, outcome: outcome!, line: 1 });
  }
  const { expectations, steps, findings } = makeReport(story.recording(1200));
  assert.deepEqual(
    expectations.map(({ holds }) => holds),
    [true, true, true, false, false, false],
  );
  assert.deepEqual(steps.map(({ result }) => result), ["done", "done", "failed", "not-reached"]);
  assert.equal(steps[3]?.why, "the drill was over before");
  assert.ok(
    findings.some(({ sentence }) => sentence.startsWith("Step 4, failover complete erp, was not")),
  );
});

Deno.test("objectives: the margin is what was left, and negative where it was breached", () => {
  const { objectives, verdict } = makeReport(fire().recording(1200));
  assert.deepEqual(objectives.map(({ kind, margin, verdict }) => [kind, margin, verdict]), [
    ["rpo", (300 - 251) * S, "met"],
    // Behind the failover no point is elsewhere: no number is left of that.
    ["rpo-over-time", null, "breached"],
    ["rto", (600 - 100) * S, "met"],
  ]);
  // It runs at Berlin without a replica: a condition, no failure.
  assert.equal(verdict, "passed-with-conditions");
  const late = new Story("erp").writes("erp", 1, 700).point("erp", "p1", 300, 300, 310);
  const over = makeReport(late.recording(700)).objectives.find(({ kind }) =>
    kind === "rpo-over-time"
  );
  assert.deepEqual([over?.margin, over?.verdict], [(300 - (700 - 301)) * S, "breached"]);
});
