/**
 * Scenarios that are stored as a line of JSON, as people read them.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { appendStep } from "../../../../lab/scenario/edit_script.ts";
import { canonicalScenario, readScenario } from "../../../../lab/scenario/read_scenario.ts";
import { readableText } from "../../../../lab/scenario/readable_text.ts";
import { runDrill } from "../../../../lab/run/session.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { drills } from "../../../properties/arbitrary_drill.ts";
import { EXAMPLE } from "./example.ts";

const REGRESSIONS = new URL("../../../../scenarios/regressions/", import.meta.url);
const STORED = readFileSync(new URL("I37-9477a3de658c.json", REGRESSIONS), "utf8");

/** The one text of the scenario that `text` spells. */
function canonical(text: string): string {
  const read = readScenario(text);
  if (!read.ok) throw new Error(`${JSON.stringify(read.problems)}\n${text}`);
  return canonicalScenario(read.scenario);
}

Deno.test("every regression is shown with its story as a text and each step on its line, and is the same scenario", () => {
  const names = readdirSync(REGRESSIONS);
  ok(names.length > 50);
  for (const name of names) {
    const stored = readFileSync(new URL(name, REGRESSIONS), "utf8");
    const shown = readableText(stored);
    equal(canonical(shown), stored, name);
    match(shown, /^formatVersion: 1\nname: .*\ntitle: .*\nstory: >-\n {2}[A-Z]/, name);
    const steps = JSON.parse(stored).script.length;
    equal(shown.match(/^ {2}- (?:\{id: .*\}|id: .*)$/gm)?.length ?? 0, steps, name);
    ok(shown.split("\n").every((line) => line.length <= 120), name);
  }
});

Deno.test("what is shown has the trace of what was stored", () => {
  const [stored, shown] = [STORED, readableText(STORED)].map((text) => {
    const read = readScenario(text);
    ok(read.ok);
    return runDrill(read.scenario, loadKernel(), { engineHash: "", frames: false }).traceHash;
  });
  equal(shown, stored);
});

Deno.test("whatever a drill and its texts are, it is shown as the same scenario", () => {
  const words = fc.string({ unit: "binary", maxLength: 60 });
  const lines = fc.array(
    fc.oneof(words, fc.constantFrom("", " ", "  more", "# no comment", "- a: b")),
  );
  fc.assert(
    fc.property(drills(4), words, lines, (written, title, story) => {
      const stored = canonical(JSON.stringify({ ...written, title, story: story.join("\n") }));
      const shown = readableText(stored);
      equal(canonical(shown), stored);
      equal(readableText(shown), shown);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a story of several lines keeps them", () => {
  const story = "It burns.\n\n  What should come of it.\n";
  const shown = readableText(canonical(JSON.stringify({ ...JSON.parse(STORED), story })));
  match(shown, /^story: \|\n {2}It burns\.\n\n {4}What should come of it\.\nseed/m);
});

Deno.test("a step is added to what is shown as one line more", () => {
  const shown = readableText(STORED);
  const longer = appendStep(shown, { at: "4s", fault: "link.reset", on: "wan" });
  const line = "  - {at: 4s, fault: link.reset, on: wan}\n";
  equal(longer, shown.replace("expect:\n", `${line}expect:\n`));
});

Deno.test("what is wrong with a stored scenario is told at its place", () => {
  const shown = readableText(STORED.replace('"rate":', '"rato":'));
  const read = readScenario(shown);
  ok(!read.ok);
  const [{ line = 0 } = {}] = read.problems;
  match(shown.split("\n")[line - 1] ?? "", /rato/);
});

Deno.test("any other text stays as somebody wrote it", () => {
  const spaced = JSON.stringify(JSON.parse(STORED), undefined, 2);
  const texts = ["", "{", "[1]", "{name: x}", '{"a":1} x', EXAMPLE, spaced, `${STORED}# a\n`];
  deepEqual(texts.map(readableText), texts);
});
