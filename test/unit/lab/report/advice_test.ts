/**
 * What a report advises against a breach depends on what that came from.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeReport } from "../../../../lab/report/report.ts";
import { Story } from "./story.ts";

/** What is advised against the breach of an objective of erp. */
function advice(story: Story, ended: number): string[] {
  return makeReport(story.recording(ended)).findings
    .filter(({ sentence }) => sentence.includes("objective is")).map(({ action }) => action);
}

Deno.test("what is advised against a breach fits what it came from", () => {
  const slow = () =>
    new Story("erp").writes("erp", 1, 900).point("erp", "p1", 10, 10, 20)
      .point("erp", "p2", 700, 700, 710);
  assert.match(advice(slow(), 800)[0]!, /^Replicate more often/);
  const cut = slow()
    .note(100, { kind: "fault", phase: "begin", fault: "link.partition", on: "wan" })
    .note(690, { kind: "fault", phase: "end", fault: "link.partition", on: "wan" });
  assert.match(advice(cut, 800)[0]!, /^Have link\.partition noticed and mended sooner/);
  const older = slow().point("erp", "p3", 890, 890, 895)
    .asks(900, "failover start", "erp", "berlin")
    .note(901, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    .branch("erp", 901, "berlin", "p1")
    .note(910, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  assert.ok(advice(older, 1000).some((text) => text.startsWith("Notice damage sooner")));
});
