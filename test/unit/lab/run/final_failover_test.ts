/**
 * What a drill can do with a failover that goes on, and with one that was completed: its guest stopped and started, and the
 * machine protected the other way round.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import type { Recording } from "../../../../lab/run/recording.ts";
import { runDrill } from "../../../../lab/run/session.ts";
import type { Step } from "../../../../lab/scenario/drill_scenario.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { fault, smallDrill, verb } from "./small_drill.ts";

function guest(id: string, at: number, what: "start" | "stop"): Step {
  return {
    ...{ id, when: { at }, line: 0, kind: "guest", guest: what, vm: "erp" },
    ...{ disk: 0, offset: 0, length: 0, rough: false },
  } as Step;
}

/** A power cut of a minute at three minutes, a failover half a minute later, and what is done then. */
function played(...then: Step[]): Recording {
  const script = [
    fault("dark", { at: 3 * MINUTE }, "site.power", "amsterdam", { for: MINUTE }),
    verb("up", { at: 3 * MINUTE + 30 * SECOND }, "failover start"),
    ...then,
  ];
  return runDrill(smallDrill(script), loadKernel(), { engineHash: "", frames: false });
}

/** How each step ended. */
function ends(result: Recording): string[] {
  return makeReport(result).steps.map(({ id, result, why }) => [id, result, why].join(" ").trim());
}

Deno.test("a failover that was completed is reversed: the machine runs there, and its old home follows", () => {
  const result = played(
    verb("final", { at: 5 * MINUTE }, "failover complete"),
    verb("back", { at: 6 * MINUTE }, "failover reverse"),
  );
  assert.equal(result.violation, undefined);
  assert.deepEqual(ends(result), ["dark done", "up done", "final done", "back done"]);
  const report = makeReport(result);
  assert.equal(report.machines[0]?.runsAt, "bern");
  assert.ok(
    report.timeline.some(({ what }) => /replication reversed, is written at Bern/.test(what)),
  );
  assert.equal(report.failbacks.length, 1);
  assert.ok(report.failbacks[0]!.protectedAt !== null, "the old home has become the replica");
});

Deno.test("nobody starts the guest of a completed failover, and the step says what does", () => {
  const result = played(
    verb("final", { at: 5 * MINUTE }, "failover complete"),
    guest("again", 6 * MINUTE, "start"),
  );
  const last = ends(result).at(-1) ?? "";
  assert.match(last, /^again skipped Its failover was completed: .*"failover reverse" starts it/);
});

Deno.test("the guest that is told to stop amid a failover is the one that runs, and starts again there", () => {
  const result = played(
    guest("off", 5 * MINUTE, "stop"),
    guest("twice", 5 * MINUTE + SECOND, "stop"),
    guest("on", 6 * MINUTE, "start"),
  );
  assert.equal(result.violation, undefined);
  assert.deepEqual(ends(result), [
    "dark done",
    "up done",
    "off done",
    "twice skipped Its guest does not run",
    "on done",
  ]);
  const runs = result.notes.flatMap((note) =>
    note.kind === "guest" && note.at >= 3 * MINUTE && note.at < 9 * MINUTE
      ? [`${note.site} ${note.runs}`]
      : []
  );
  assert.deepEqual(runs, ["amsterdam false", "bern true", "bern false", "bern true"]);
});
