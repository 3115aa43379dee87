/**
 * Steps come and go in the text of a scenario, and nothing else of it changes.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { appendStep } from "../../../../lab/scenario/edit_script.ts";
import { canonicalScenario, readScenario } from "../../../../lab/scenario/read_scenario.ts";
import { drills } from "../../../properties/arbitrary_drill.ts";

const HEAD = "name: x\nworld: {machines: {vm: {disks: [1MiB]}}}\nend: 4h\n";
const STEP = { at: "1h", fault: "link.loss", on: "wan", share: "30%", for: "10m" };
const LINE = "{at: 1h, fault: link.loss, on: wan, share: 30%, for: 10m}";

function stepsOf(text: string): unknown[] {
  const result = readScenario(text);
  if (!result.ok) throw new Error(`${JSON.stringify(result.problems)}\n${text}`);
  return result.scenario.script.map(({ line: _, ...step }) => step);
}

const APPENDED: readonly (readonly [what: string, before: string, after: string])[] = [
  ["no script", HEAD, `${HEAD}script:\n  - ${LINE}\n`],
  ["no line at the end", HEAD.trimEnd(), `${HEAD}script:\n  - ${LINE}\n`],
  [
    "an empty script",
    `${HEAD}script: # later\nseed: 2\n`,
    `${HEAD}script: # later\n  - ${LINE}\nseed: 2\n`,
  ],
  ["an empty list", `${HEAD}script: []\n`, `${HEAD}script: [${LINE}]\n`],
  [
    "steps with comments",
    `${HEAD}script:\n# one\n- at: 2h # when\n  fault: link.reset # what\n# the end\nexpect: []\n`,
    `${HEAD}script:\n# one\n- at: 2h # when\n  fault: link.reset # what\n- ${LINE}\n# the end\nexpect: []\n`,
  ],
  [
    "steps in brackets",
    `${HEAD}script: [\n  {at: 2h, fault: link.reset}, # one\n]\n`,
    `${HEAD}script: [\n  {at: 2h, fault: link.reset}, ${LINE}, # one\n]\n`,
  ],
];

for (const [what, before, after] of APPENDED) {
  Deno.test(`a step is appended to ${what}`, () => {
    equal(appendStep(before, STEP), after);
    equal(stepsOf(after).length, stepsOf(before).length + 1);
  });
}

Deno.test("a text that is no scenario stays as it is", () => {
  for (const text of ["a: [", "- 1", "3"]) equal(appendStep(text, STEP), text);
});

Deno.test("whatever a step is, it is the one step more, in YAML and in canonical JSON", () => {
  fc.assert(
    fc.property(drills(6), fc.boolean(), (written, stored) => {
      const steps = written["script"] as Record<string, string>[];
      const [step, ...others] = steps;
      if (step === undefined) return;
      const base = readScenario(JSON.stringify({ ...written, script: others }, undefined, 1));
      ok(base.ok);
      const text = stored
        ? canonicalScenario(base.scenario)
        : JSON.stringify({ ...written, script: others }, undefined, 1);
      const longer = appendStep(text, step);
      deepEqual(stepsOf(longer).slice(0, -1), stepsOf(text));
      const [alone] = stepsOf(JSON.stringify({ ...written, script: [step] })) as [{ id: string }];
      deepEqual(stepsOf(longer).at(-1), { ...alone, id: String(others.length + 1) });
    }),
    { numRuns: 100 },
  );
});
