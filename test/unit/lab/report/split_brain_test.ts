/**
 * Reports of machines that two sites have written.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeReport } from "../../../../lab/report/report.ts";
import { S, Story } from "./story.ts";

/** Both sites write erp: Berlin from a failover at 600 on, Amsterdam all the time. */
function splitBrain(): Story {
  return new Story("erp").writes("erp", 1, 700).point("erp", "p1", 300, 300, 310)
    .asks(600, "failover start", "erp", "berlin")
    .note(601, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    .branch("erp", 601, "berlin", "p1")
    .note(602, { kind: "guest", vm: "erp", site: "berlin", runs: true })
    .writes("erp", 610, 690, 1)
    .asks(700, "failover resolve", "erp", "berlin");
}

Deno.test("a split brain: the branch that does not go on is kept as a point", () => {
  const story = splitBrain()
    .note(701, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(705, { kind: "moved", vm: "erp", site: "berlin", how: "resolved" });
  const report = makeReport(story.recording(800));
  // Amsterdam's writes 301 to 700, whoever acknowledged them behind the failover included.
  assert.equal(report.recoveries[0]?.loss?.writes, 400);
  assert.equal(report.recoveries[0]?.loss?.fate, "kept");
  assert.equal(report.recoveries[0]?.rpo, (600 - 301) * S);
  assert.deepEqual(report.outages, []);
  assert.equal(
    report.sentence,
    "Both sites had written erp: Berlin goes on, and 400 writes that Amsterdam alone had, " +
      "4 min 59 s of work, are kept as a recovery point.",
  );
});

Deno.test("a split brain that the old side wins loses nothing of the old side", () => {
  const story = splitBrain()
    .note(701, { kind: "guest", vm: "erp", site: "berlin", runs: false })
    .note(705, { kind: "moved", vm: "erp", site: "amsterdam", how: "resolved" });
  const report = makeReport(story.recording(800));
  assert.equal(report.recoveries[0]?.loss?.fate, "undone");
  assert.equal(report.recoveries[0]?.loss?.discarded, 81);
  assert.match(report.sentence, /^Both sites had written erp: Amsterdam goes on .* 81 writes/);
});
