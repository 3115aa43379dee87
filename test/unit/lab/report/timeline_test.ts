/**
 * The timeline of a fire, word by word.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeReport } from "../../../../lab/report/report.ts";
import { instantText } from "../../../../lab/report/words.ts";
import { faultStep, fire, Story } from "./story.ts";

/** What is told of a story, as lines. */
function told(story: Story, ended: number): string[] {
  return makeReport(story.recording(ended)).timeline
    .map(({ at, who, what }) => `${instantText(at)} ${who}: ${what}`);
}

Deno.test("what happened is told in order and in words", () => {
  assert.deepEqual(told(fire(), 1200), [
    "00:00:00 erp: runs at Amsterdam",
    "00:05:10 erp: is protected: its first point is at Berlin",
    "00:14:12 step 1: site.fire on amsterdam",
    "00:14:12 Amsterdam: it was destroyed with everything on it",
    "00:14:12 erp: stops at Amsterdam",
    "00:14:12 step 1: done",
    "00:14:42 erp: Berlin says Warning: late",
    "00:15:22 step 2: failover start erp",
    "00:15:32 erp: failed over to Berlin, to the point of 00:10:00",
    "00:15:32 step 2: done",
    "00:15:52 erp: runs at Berlin",
  ]);
});

Deno.test("a link that is lost is told once, with what the servers report of it, and a fault is over, not done", () => {
  const story = new Story("erp").point("erp", "p1", 10, 0, 20);
  story.script.push(faultStep("cut", 30, "link.partition", "wan", 60));
  const why = "Lost the connection to berlin: The peer did not answer";
  story.note(30, { kind: "step", step: "cut", phase: "begun" })
    .note(40, { kind: "link", what: "disconnected", why })
    .note(40, {
      kind: "failure",
      vm: "erp",
      site: "amsterdam",
      code: "x",
      message: why,
      action: "",
    })
    .note(41, { kind: "link", what: "disconnected", why: "Lost the connection to amsterdam" })
    .note(50, {
      kind: "failure",
      vm: "erp",
      site: "amsterdam",
      code: "timed-out",
      message: "Cannot connect to berlin: no answer",
      action: "",
    })
    .note(60, { kind: "state", vm: "erp", site: "amsterdam", from: "Replicating", to: "Error" })
    .note(90, { kind: "step", step: "cut", phase: "done" })
    .note(95, { kind: "link", what: "connected", why: "" })
    .note(96, { kind: "state", vm: "erp", site: "amsterdam", from: "Error", to: "Replicating" });
  assert.deepEqual(told(story, 100).slice(2), [
    "00:00:30 step cut: link.partition on wan for 1 min",
    `00:00:40 wan: the servers are disconnected: ${why}`,
    "00:00:50 erp: Amsterdam reports: Cannot connect to berlin: no answer",
    "00:01:00 erp: replication at Amsterdam stops: Error",
    "00:01:30 step cut: over",
    "00:01:35 wan: the servers are connected",
    "00:01:36 erp: replication at Amsterdam goes on: Replicating",
  ]);
});

Deno.test("a machine that changes sides is protected again when a point is at the other one", () => {
  const story = new Story("erp").point("erp", "p1", 10, 0, 20)
    .note(30, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    // What the completion leaves where it runs protects nothing.
    .note(31, { kind: "staged", vm: "erp", site: "berlin", point: "p2" })
    .note(32, { kind: "failover", vm: "erp", site: "berlin", phase: "completed", point: "p1" })
    .note(33, { kind: "moved", vm: "erp", site: "berlin", how: "reverse" })
    .point("erp", "p3", 40, 0, 50, "berlin").point("erp", "p4", 60, 0, 70, "berlin");
  assert.deepEqual(told(story, 100).slice(1), [
    "00:00:20 erp: is protected: its first point is at Berlin",
    "00:00:30 erp: failed over to Berlin, to the point of 00:00:10",
    "00:00:32 erp: failover completed at Berlin",
    "00:00:33 erp: replication reversed, is written at Berlin",
    "00:00:50 erp: is protected again: its first point is at Amsterdam, the point of 00:00:40",
  ]);
});

Deno.test("points that hold what nobody wrote are told one by one, and so is the first that is well again", () => {
  const story = new Story("erp").point("erp", "p1", 10, 0, 20).point("erp", "p2", 30, 0, 40)
    .note(15, {
      kind: "fault",
      phase: "begin",
      fault: "disk.rot-silent",
      on: "erp/0",
      spoils: true,
    })
    .note(21, { kind: "compared", vm: "erp", point: "p1", why: "staged", equal: false, bytes: 1 })
    .note(41, { kind: "compared", vm: "erp", point: "p2", why: "staged", equal: true, bytes: 1 });
  const report = makeReport(story.recording(100));
  assert.deepEqual(told(story, 100).slice(2), [
    "00:00:21 erp: the point of 00:00:10 does not hold what its guest wrote",
    "00:00:41 erp: the point of 00:00:30 holds what its guest wrote again",
  ]);
  assert.match(
    report.sentence,
    /\. But 1 of 2 comparisons, at 00:00:21, found bytes that no guest had written there\.$/,
  );
  assert.equal(report.verdict, "passed-with-conditions");
});
