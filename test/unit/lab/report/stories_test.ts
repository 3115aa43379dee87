/**
 * What reports say of stories made by hand, each number derived by hand beside it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeReport } from "../../../../lab/report/report.ts";
import { fire, S, Story } from "./story.ts";

Deno.test("a fire: what was lost is what the newest point did not have", () => {
  const report = makeReport(fire().recording(1200));
  const [recovery] = report.recoveries;
  // Writes 601 to 852 are not in p2: 252 of them, the first one acknowledged at second 601.
  assert.deepEqual(recovery?.loss, {
    writes: 252,
    bytes: 252 * 4096,
    oldest: 601 * S,
    newest: 852 * S,
    recovered: 600,
    lastRecovered: 600 * S,
    fate: "lost",
    discarded: 0,
  });
  assert.equal(recovery.rpo, (852 - 601) * S);
  assert.equal(recovery.pointCut, 600 * S);
  assert.equal(
    report.sentence,
    "You lost 4 min 11 s of erp, 252 writes, because the last point was cut 4 min 12 s before Amsterdam burned, " +
      "and the first write that it lacks came 1 s later.",
  );
  // Seen at 882, asked for at 922, running at 952.
  assert.deepEqual(report.outages[0]?.lasted, {
    total: 100 * S,
    detection: 30 * S,
    decision: 40 * S,
    recovery: 30 * S,
  });
  const [machine] = report.machines;
  assert.equal(machine?.rto, 100 * S);
  assert.equal(machine?.runsAt, "berlin");
  // Just before p2 came at 620 write 301 was missing: 620 - 301. From the fire on nobody wrote: 852 - 601 it stayed.
  assert.equal(machine?.worstRpo, 319 * S);
  assert.equal(machine?.rpoSeries.find(([at]) => at === 932 * S)?.[1], 251 * S);
  // Above 300 s from 601 to 620: write 301 is not in p1, 601 - 301.
  assert.equal(machine?.aboveObjective, (620 - 601) * S);
  // Before p1 came at 310, and from the failover on: that nobody had planned.
  assert.equal(machine?.unprotected, (310 + 1200 - 932) * S);
  assert.equal(machine?.beforeFirst, 310 * S);
  assert.equal(machine?.bare, (1200 - 932) * S);
  assert.equal(machine?.finalRpo, null);
});

Deno.test("a connection that is reported lost at the site that is left is the first sign of a fire", () => {
  const story = fire().note(870, {
    ...{ kind: "failure", vm: "erp", site: "berlin", code: "connection-lost" },
    ...{ message: "Lost the connection to amsterdam", action: "Look there" },
  });
  // What the burning site says of itself nobody can read any more.
  story.note(853, {
    ...{ kind: "failure", vm: "erp", site: "amsterdam", code: "connection-lost" },
    ...{ message: "Lost the connection to berlin", action: "Look there" },
  });
  // Seen at 870, asked for at 922, running at 952.
  assert.deepEqual(makeReport(story.recording(1200)).outages[0]?.lasted, {
    total: 100 * S,
    detection: 18 * S,
    decision: 52 * S,
    recovery: 30 * S,
  });
});

Deno.test("a fire that nobody reacts to: the machine never runs again", () => {
  const story = new Story("erp").writes("erp", 1, 100).point("erp", "p1", 50, 50, 60)
    .note(100, { kind: "host", site: "amsterdam", what: "destroyed" })
    .note(100, { kind: "guest", vm: "erp", site: "amsterdam", runs: false });
  const report = makeReport(story.recording(200));
  assert.equal(
    report.sentence,
    "Machine erp never ran again: Amsterdam was destroyed, and nobody failed it over.",
  );
  assert.equal(report.machines[0]?.neverBack, true);
  assert.equal(report.recoveries[0]?.kind, "none");
  assert.equal(report.objectives.find(({ kind }) => kind === "rto")?.verdict, "breached");
  assert.equal(report.verdict, "passed-with-conditions");
});

Deno.test("an older point is a loss by choice", () => {
  const story = new Story("erp").writes("erp", 1, 900)
    .point("erp", "p1", 300, 300, 310).point("erp", "p2", 600, 600, 610)
    .point("erp", "p3", 850, 850, 860)
    .asks(900, "failover start", "erp", "berlin")
    .note(901, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    .branch("erp", 901, "berlin", "p1")
    .note(910, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  const report = makeReport(story.recording(1000));
  const [recovery] = report.recoveries;
  assert.equal(recovery?.newer, 2);
  assert.equal(recovery?.loss?.writes, 600);
  assert.equal(recovery?.rpo, (900 - 301) * S);
  assert.equal(recovery?.incident, null);
  assert.equal(
    report.sentence,
    "You gave up 9 min 59 s of erp, 600 writes: the point that was chosen had been cut 10 min " +
      "before the failover was asked for, the first write that it lacks came 1 s later, and 2 newer ones were there.",
  );
});

/** A planned move that shuts the guest down at 600 and has it at Berlin at 640. */
function plannedMove(): Story {
  return new Story("erp").writes("erp", 1, 600)
    .point("erp", "p1", 300, 300, 310)
    .asks(598, "failover planned", "erp", "berlin")
    .note(600, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .point("erp", "p2", 605, 600, 615)
    .note(630, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p2" })
    .branch("erp", 630, "berlin", "p2")
    .note(640, { kind: "guest", vm: "erp", site: "berlin", runs: true })
    .note(641, { kind: "moved", vm: "erp", site: "berlin", how: "planned" })
    .answered(641, "failover planned", "erp", "berlin")
    .writes("erp", 641, 700, 1);
}

Deno.test("a planned move loses nothing and has a downtime instead of a recovery time", () => {
  const report = makeReport(plannedMove().recording(800));
  assert.equal(report.recoveries.length, 1);
  const [recovery] = report.recoveries;
  assert.equal(recovery?.kind, "planned");
  assert.equal(recovery?.state, "moved");
  assert.equal(recovery?.rpo, 0);
  assert.equal(recovery?.loss?.writes, 0);
  assert.equal(recovery?.loss?.recovered, 600);
  assert.equal(report.outages[0]?.kind, "planned");
  const none = { detection: null, decision: null, recovery: null };
  assert.deepEqual(report.outages[0]?.lasted, { total: 40 * S, ...none });
  assert.equal(report.objectives.find(({ kind }) => kind === "rto")?.verdict, "not-measured");
  assert.equal(
    report.sentence,
    "Nothing was lost: erp moved to Berlin with every acknowledged write, and it was down for 40 s.",
  );
});

Deno.test("after a move and its reversal the way back is counted until the first point", () => {
  const story = plannedMove()
    .note(650, { kind: "moved", vm: "erp", site: "berlin", how: "reverse" })
    .point("erp", "p3", 690, 649, 695, "berlin");
  const report = makeReport(story.recording(800));
  assert.deepEqual(report.failbacks, [{
    vm: "erp",
    to: "amsterdam",
    reversed: 650 * S,
    protectedAt: 695 * S,
    sentBytes: 65_536,
    wireBytes: 32_768,
    fullCopy: 2 ** 30,
  }]);
  // p3 has 649 entries of the log: write 650, acknowledged at second 690, is the first that it lacks.
  assert.equal(report.machines[0]?.finalRpo, (800 - 690) * S);
});

Deno.test("a planned move that is cancelled half way is a standstill", () => {
  const story = new Story("erp").writes("erp", 1, 600).point("erp", "p1", 300, 300, 310)
    .asks(598, "failover prepare", "erp", "amsterdam")
    .note(600, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .answered(610, "failover prepare", "erp", "amsterdam")
    .asks(620, "failover cancel", "erp", "amsterdam")
    .note(625, { kind: "guest", vm: "erp", site: "amsterdam", runs: true })
    .writes("erp", 626, 700);
  const report = makeReport(story.recording(800));
  assert.deepEqual(report.recoveries, []);
  assert.equal(
    report.sentence,
    "Nothing was lost: erp was not moved, and was down for 25 s.",
  );
  assert.equal(report.machines[0]?.rto, 25 * S);
});

Deno.test("a failover that is cancelled is undone, and what was written on it is given up", () => {
  const story = new Story("erp").writes("erp", 1, 700).point("erp", "p1", 300, 300, 310)
    .asks(600, "failover start", "erp", "berlin")
    .note(601, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    .branch("erp", 601, "berlin", "p1")
    .note(602, { kind: "guest", vm: "erp", site: "berlin", runs: true })
    .writes("erp", 610, 619, 1)
    .asks(620, "failover cancel", "erp", "berlin")
    .note(621, { kind: "guest", vm: "erp", site: "berlin", runs: false })
    .note(622, { kind: "failover", vm: "erp", site: "berlin", phase: "cancelled", point: "p1" });
  const report = makeReport(story.recording(700));
  const [recovery] = report.recoveries;
  assert.equal(recovery?.state, "cancelled");
  assert.equal(recovery?.loss?.fate, "undone");
  assert.equal(recovery?.loss?.discarded, 10);
  assert.equal(report.machines[0]?.lostWrites, 0);
  assert.equal(report.machines[0]?.rpo, 0);
  assert.deepEqual(report.outages, []);
  // The mainline is Amsterdam's again: write 301 is the first that p1 lacks.
  assert.equal(report.machines[0]?.finalRpo, (700 - 301) * S);
  assert.equal(
    report.sentence,
    "Nothing was lost: the failover of erp to Berlin was cancelled, and it runs at Amsterdam, " +
      "and 10 writes made at Berlin since then are given up.",
  );
});

Deno.test("a link that is lost without a failover costs nothing, but could have", () => {
  const story = new Story("erp").writes("erp", 1, 4000).point("erp", "p1", 300, 300, 310)
    .note(310, { kind: "link", what: "disconnected", why: "partition" })
    .point("erp", "p2", 3910, 3910, 3950);
  const report = makeReport(story.recording(4000));
  // Just before p2 came: 3950 - 301 = 3649 s.
  assert.equal(report.machines[0]?.worstRpo, 3649 * S);
  assert.equal(report.machines[0]?.worstRpoAt, 3950 * S);
  assert.equal(
    report.sentence,
    "Nothing was lost: erp ran all the time, though a disaster could have cost up to 1 h 1 min of it, " +
      "and all of it in the first 5 min 10 s, before its first point was elsewhere, and 5 min is what its owner allows.",
  );
});

Deno.test("a server that comes back by itself needs no decision", () => {
  const story = new Story("erp").writes("erp", 1, 100).point("erp", "p1", 50, 50, 60)
    .note(100, { kind: "host", site: "amsterdam", what: "dark" })
    .note(100, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(140, { kind: "health", vm: "erp", site: "berlin", health: "Critical", messages: [] })
    .note(150, { kind: "host", site: "amsterdam", what: "lit" })
    .note(155, { kind: "host", site: "amsterdam", what: "up" })
    .note(160, { kind: "guest", vm: "erp", site: "amsterdam", runs: true });
  const report = makeReport(story.recording(200));
  assert.deepEqual(report.outages[0]?.lasted, {
    total: 60 * S,
    detection: 40 * S,
    decision: 0,
    recovery: 20 * S,
  });
  assert.equal(report.recoveries[0]?.kind, "restart");
  assert.equal(report.machines[0]?.critical, 60 * S);
  assert.equal(
    report.sentence,
    "Nothing that was flushed was lost: Amsterdam lost power, and erp ran again at Amsterdam on its own disks 1 min later.",
  );
});

Deno.test("a fault that strikes in the middle of a move is an incident from then on", () => {
  const story = new Story("erp").writes("erp", 1, 600).point("erp", "p1", 300, 300, 310)
    .asks(598, "failover prepare", "erp", "amsterdam")
    .note(600, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(620, { kind: "host", site: "amsterdam", what: "destroyed" })
    .asks(640, "failover start", "erp", "berlin")
    .note(641, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p1" })
    .branch("erp", 641, "berlin", "p1")
    .note(650, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  const report = makeReport(story.recording(700));
  assert.deepEqual(report.outages.map(({ kind }) => kind), ["planned", "incident"]);
  assert.equal(report.outages[1]?.lasted.total, 30 * S);
  assert.equal(report.recoveries[0]?.kind, "failover");
  // It was shut down at 600: from then on nobody wrote.
  assert.equal(report.recoveries[0]?.rpo, (600 - 301) * S);
});

Deno.test("of several machines the gravest is told first, and the others in a word", () => {
  const story = new Story("web", "erp");
  story.writes("erp", 1, 100).writes("web", 1, 10)
    .point("erp", "p1", 50, 50, 60).point("web", "q1", 50, 10, 60)
    .note(100, { kind: "host", site: "amsterdam", what: "dark" });
  for (const [vm, point] of [["erp", "p1"], ["web", "q1"]] as const) {
    story.note(100, { kind: "guest", vm, site: "amsterdam", runs: false })
      .asks(110, "failover start", vm, "berlin")
      .note(111, { kind: "failover", vm, site: "berlin", phase: "started", point })
      .branch(vm, 111, "berlin", point)
      .note(112, { kind: "guest", vm, site: "berlin", runs: true });
  }
  const report = makeReport(story.recording(200));
  assert.equal(
    report.sentence,
    "You lost 49 s of erp, 50 writes, because the last point was cut 50 s before Amsterdam lost power, and the first write " +
      "that it lacks came 1 s later. " +
      "Machine web lost nothing.",
  );
  // Each incident is found among the outages of all machines.
  for (const { vm, incident } of report.recoveries) {
    assert.equal(report.outages[incident!]?.vm, vm);
  }
});

Deno.test("a broken invariant comes before every number", () => {
  const story = fire();
  story.violation = { id: "I30", message: "more was lost than was told", time: 900 * S };
  const report = makeReport(story.recording(1200));
  assert.equal(report.verdict, "failed");
  assert.match(report.sentence, /^Invariant I30 did not hold/);
  assert.equal(report.findings[0]?.severity, "critical");
});

Deno.test("a scale model says that it is one", () => {
  const story = fire();
  story.scale = 256;
  const { scaleNote } = makeReport(story.recording(1200));
  assert.match(scaleNote, /^A scale model of 1 : 256: one simulated block of 512 B/);
  assert.equal(makeReport(fire().recording(1200)).scaleNote, "");
});
