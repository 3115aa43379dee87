/**
 * Laws of reports, over runs that chance writes down.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { exposureOf, thinned } from "../../../../lab/report/exposure.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import { Standstills } from "../../../../lab/report/standstills.ts";
import { WriteHistory } from "../../../../lab/report/write_history.ts";
import { S, Story } from "./story.ts";

const seed = Number(Deno.env.get("SEED") ?? Date.now() % 2 ** 31);

/** Seconds between two things that happen, each at least one. */
const gaps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 });

/** A machine that writes at some seconds, whose points are cut at others and staged a while later. */
const machine = fc.record({
  writes: gaps,
  points: fc.array(
    fc.record({ gap: fc.integer({ min: 20, max: 90 }), takes: fc.integer({ min: 1, max: 15 }) }),
    { maxLength: 12 },
  ),
  incident: fc.integer({ min: 1, max: 1500 }),
  noticed: fc.integer({ min: 0, max: 50 }),
  decided: fc.integer({ min: 0, max: 50 }),
  took: fc.integer({ min: 1, max: 50 }),
});

type Drawn = typeof machine extends fc.Arbitrary<infer Value> ? Value : never;

/** A story of it, with what was acknowledged before its incident, and its points in order. */
function storyOf({ writes, points, incident, noticed, decided, took }: Drawn) {
  const story = new Story("erp");
  const times: number[] = [];
  let at = 0;
  for (const gap of writes) {
    at += gap;
    if (at > incident) break;
    times.push(at);
    story.writes("erp", at, at);
  }
  let cut = 0;
  let newest = "";
  points.forEach(({ gap, takes }, index) => {
    cut += gap;
    if (cut > incident) return;
    const arrives = cut + takes <= incident;
    const before = times.filter((time) => time <= cut).length;
    story.point("erp", `p${index}`, cut, before, arrives ? cut + takes : undefined);
    if (arrives) newest = `p${index}`;
  });
  const asked = incident + noticed + decided;
  story.note(incident, { kind: "host", site: "amsterdam", what: "dark" })
    .note(incident, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(incident + noticed, {
      kind: "health",
      vm: "erp",
      site: "berlin",
      health: "Critical",
      messages: [],
    })
    .asks(asked, "failover start", "erp", "berlin");
  if (newest !== "") {
    story.note(asked, {
      kind: "failover",
      vm: "erp",
      site: "berlin",
      phase: "started",
      point: newest,
    })
      .branch("erp", asked, "berlin", newest)
      .note(asked + took, { kind: "guest", vm: "erp", site: "berlin", runs: true });
  }
  return { recording: story.recording(asked + took + 100), acknowledged: times.length };
}

Deno.test(`what was lost and what was recovered is what was acknowledged (seed: ${seed})`, () => {
  fc.assert(
    fc.property(machine, (drawn) => {
      const { recording, acknowledged } = storyOf(drawn);
      const { recoveries, machines } = makeReport(recording);
      const loss = recoveries[0]?.loss;
      if (loss === null || loss === undefined) return;
      assert.equal(loss.writes + loss.recovered, acknowledged);
      assert.equal(loss.bytes, loss.writes * 4096);
      assert.equal(machines[0]?.lostWrites, loss.writes);
      if (loss.oldest !== null) {
        assert.equal(recoveries[0]?.rpo, drawn.incident * S - loss.oldest);
        assert.ok((loss.lastRecovered ?? -1) < loss.oldest);
      } else assert.equal(recoveries[0]?.rpo, 0);
    }),
    { seed },
  );
});

Deno.test(`detection, decision and recovery are the recovery time (seed: ${seed})`, () => {
  fc.assert(
    fc.property(machine, (drawn) => {
      const { recording } = storyOf(drawn);
      const { lasted } = makeReport(recording).outages[0]!;
      if (lasted.total === null) return;
      assert.equal(lasted.detection! + lasted.decision! + lasted.recovery!, lasted.total);
      assert.deepEqual(
        [lasted.detection, lasted.decision, lasted.recovery],
        [drawn.noticed, drawn.decided, drawn.took].map((seconds) => seconds * S),
      );
    }),
    { seed },
  );
});

Deno.test(`RPO rises with slope 1 while a guest runs and falls only where a point is staged (seed: ${seed})`, () => {
  fc.assert(
    fc.property(machine, (drawn) => {
      const { recording } = storyOf(drawn);
      const history = new WriteHistory(recording.writes[0]!, recording.notes);
      const mainline = [{ at: 0, branch: 0, site: "amsterdam", planned: false }];
      const standstills = new Standstills(makeReport(recording).outages);
      const { corners } = exposureOf(recording, history, mainline, standstills, 0);
      const ranAgain = drawn.incident + drawn.noticed + drawn.decided;
      const staged = new Set(
        recording.notes.filter(({ kind }) => kind === "staged").map(({ at }) => at),
      );
      for (let index = 1; index < corners.length; index++) {
        const [[before, was], [at, is]] = [corners[index - 1]!, corners[index]!];
        if (was === null) continue;
        assert.notEqual(is, null);
        if (is! < was) assert.ok(at === before && staged.has(at), `falls at ${at / S}`);
        // Zero until the first write that the point lacks; then as much as time passes.
        else if (at <= drawn.incident * S) {
          assert.ok(is === was || is! - was === at - before, `slope at ${at / S}`);
        } // Nobody writes from the incident until the failover, and behind that the saw of this branch goes on.
        else if (at <= ranAgain * S) assert.equal(is, was, `no work at ${at / S}`);
      }
    }),
    { seed },
  );
});

Deno.test(`a thinned series keeps its highest, its first and its last instant (seed: ${seed})`, () => {
  const corners = fc.array(fc.option(fc.nat(), { nil: null }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(corners, fc.integer({ min: 8, max: 100 }), (values, most) => {
      const series = values.map((value, at): [number, number | null] => [at, value]);
      const thin = thinned(series, most);
      assert.ok(thin.length <= Math.max(most, 4));
      const highest = (of: readonly [number, number | null][]) =>
        of.reduce((highest, [, value]) => Math.max(highest, value ?? -1), -1);
      assert.equal(highest(thin), highest(series));
      assert.deepEqual([thin[0], thin.at(-1)], [series[0], series.at(-1)]);
      assert.ok(thin.every(([at], index) => index === 0 || at > thin[index - 1]![0]));
    }),
    { seed },
  );
});
