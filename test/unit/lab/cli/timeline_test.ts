/**
 * The timeline of a drill, as a terminal shows it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { timelineText } from "../../../../lab/cli/timeline.ts";
import type { Note, Recording } from "../../../../lab/run/recording.ts";
import type { Step } from "../../../../lab/scenario/drill_scenario.ts";

const SECOND = 1_000_000;

/** A recording of which only notes and script count. */
function recorded(notes: readonly Note[], script: readonly Step[] = []): Recording {
  return {
    scenario: { script, end: 100 * SECOND },
    violation: undefined,
    notes,
  } as unknown as Recording;
}

const STATE = { kind: "state", vm: "erp", site: "london", from: "Replicating" } as const;

Deno.test("a step is one line with what came of it, and a fault one for its begin and its end", () => {
  const script: Step[] = [
    {
      id: "1",
      when: { at: SECOND },
      line: 3,
      kind: "fault",
      fault: "site.fire",
      on: "london",
      for: 0,
      params: {},
    },
    {
      id: "2",
      when: { at: 2 * SECOND },
      line: 4,
      kind: "verb",
      verb: "failover start",
      vm: "erp",
      on: "",
      args: {},
    },
    {
      id: "3",
      when: { after: "erp.moved", wait: 0 },
      line: 5,
      kind: "verb",
      verb: "failover reverse",
      vm: "erp",
      on: "",
      args: {},
    },
  ];
  const text = timelineText(recorded([
    { at: SECOND, step: "1", kind: "step", phase: "begun" },
    { at: SECOND, step: "1", kind: "fault", phase: "begin", fault: "site.fire", on: "london" },
    { at: SECOND, kind: "host", site: "london", what: "destroyed" },
    { at: 2 * SECOND, step: "2", kind: "step", phase: "begun" },
    {
      at: 3 * SECOND,
      step: "2",
      kind: "step",
      phase: "failed",
      code: "no-such-point",
      why: "There is none",
    },
    { at: 4 * SECOND, step: "3", kind: "step", phase: "skipped", why: "It never moved" },
  ], script));
  const lines = text.split("\n");
  assert.equal(lines.length, 5);
  assert.match(lines[0]!, /00:00:01 {2}! site\.fire hits london/);
  assert.match(lines[1]!, /london: everything is destroyed/);
  assert.match(
    lines[2]!,
    /00:00:02 {2}> failover start erp: failed \(no-such-point\): There is none/,
  );
  assert.match(lines[3]!, /> failover reverse erp: skipped: It never moved/);
});

Deno.test("what says least gives way first, and how much did is said", () => {
  const notes: Note[] = [];
  for (let at = 0; at < 1000; at++) notes.push({ ...STATE, at, to: "Resynchronizing" });
  notes.push({ ...STATE, at: 1001, to: "Error" });
  notes.push({ at: 1002, kind: "moved", vm: "erp", site: "paris", how: "planned" });
  const text = timelineText(recorded(notes), 10);
  assert.match(text, /erp at london: Error/);
  assert.match(text, /erp is written at paris/);
  assert.match(text, /1000 more are in the report/);
  assert.equal(text.split("\n").length, 4);
});

Deno.test("it has never more lines than it may, whatever happened", () => {
  const notes: Note[] = Array.from({ length: 500 }, (_, at) => ({
    at,
    kind: "fault",
    phase: "begin",
    fault: "link.loss",
    on: "wan",
  }));
  const lines = timelineText(recorded(notes), 40).split("\n");
  assert.equal(lines.length, 42);
  assert.match(lines[40]!, /460 more/);
});

Deno.test("health is told when it changes, not each time that it is looked at", () => {
  const health = { kind: "health", vm: "erp", site: "london", messages: ["Too old"] } as const;
  const text = timelineText(recorded([
    { ...health, at: 1, health: "Normal", messages: [] },
    { ...health, at: 2, health: "Critical" },
    { ...health, at: 3, health: "Critical" },
    { ...health, at: 4, health: "Normal", messages: [] },
  ]));
  assert.equal(text.split("\n").length, 3);
  assert.match(text, /london says: Critical: Too old/);
});
