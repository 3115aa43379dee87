/**
 * Random drills: no invariant breaks in one, it is the same run as its canonical text, and it knows nothing of what is still
 * to come.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Recording } from "../../lab/run/recording.ts";
import { runDrill } from "../../lab/run/session.ts";
import { canonicalScenario, readScenario } from "../../lab/scenario/read_scenario.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { drills, type Written } from "./arbitrary_drill.ts";

const kernel = loadKernel();

/** The same drills every time; what is found beyond them is found by whoever changes it. */
const SEED = 20_261_129;

function play(text: string): Recording {
  const result = readScenario(text);
  ok(result.ok, JSON.stringify(result));
  return runDrill(result.scenario, kernel, { engineHash: "0".repeat(16), frames: false });
}

function canonicalOf(text: string): string {
  const result = readScenario(text);
  ok(result.ok);
  return canonicalScenario(result.scenario);
}

/** What is told of a run before a time. */
function before({ notes, writes }: Recording, time: number): unknown {
  const acknowledged = writes.map(({ times }) => times.filter((each) => each < time));
  return { notes: notes.filter(({ at }) => at < time), acknowledged };
}

Deno.test("random drills break no invariant and converge, and their canonical text is the same run", () => {
  fc.assert(
    fc.property(drills(5), (written) => {
      const text = JSON.stringify(written);
      const recording = play(text);
      deepEqual(recording.violation, undefined);
      deepEqual(recording.converged, { vm: true });
      equal(play(canonicalOf(text)).traceHash, recording.traceHash);
    }),
    { seed: SEED, numRuns: 12 },
  );
});

Deno.test("leaving out the last step changes nothing before it", () => {
  fc.assert(
    fc.property(drills(5), (written) => {
      const result = readScenario(JSON.stringify(written));
      ok(result.ok);
      const times = result.scenario.script.map(({ when }) => "at" in when ? when.at : 0);
      const last = times.indexOf(Math.max(...times));
      if (last < 0) return;
      const script = (written["script"] as Written[]).map((step, at) => ({
        id: `s${at}`,
        ...step,
      }));
      const fewer = script.toSpliced(last, 1);
      const [whole, shorter] = [script, fewer].map((script) => {
        return before(play(JSON.stringify({ ...written, script })), times[last] as number);
      });
      deepEqual(shorter, whole);
    }),
    { seed: SEED, numRuns: 8 },
  );
});
