/**
 * Title and story of a drill, as a terminal shows them.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { storyText } from "../../../../lab/cli/story.ts";
import { readScenario } from "../../../../lab/scenario/read_scenario.ts";

const SCENARIOS = new URL("../../../../scenarios/", import.meta.url);

function shown(file: string): string {
  const read = readScenario(readFileSync(new URL(file, SCENARIOS), "utf8"));
  ok(read.ok);
  return storyText(read.scenario);
}

Deno.test("a story of the library stands as it was written", () => {
  match(shown("site-fire.yaml"), /^A site burns down\n\nAmsterdam burns[^]+cost all of it\.\n\n$/);
  const story = "One.\n\n  Two, further in.\n";
  equal(storyText({ title: "T", story }), `T\n\n${story}\n`);
});

Deno.test("a regression says what was wrong, in lines that can be read", () => {
  const [title, , ...lines] = shown("regressions/I37-9477a3de658c.json").split("\n");
  equal(title, "I37 did not hold");
  deepEqual(lines, [
    "A machine that waited for its import, failed and was resumed sent everything over the network, and",
    "kept the package in its plan: no RPO was told from then on.",
    "",
    "",
  ]);
});

Deno.test("a drill without a story has its title alone", () => {
  equal(storyText({ title: "T", story: "" }), "T\n\n");
});

Deno.test("a word longer than a line stays whole, and nothing is passed on that a terminal obeys", () => {
  const word = "x".repeat(150);
  equal(storyText({ title: "T", story: `${word}y` }), `T\n\n${word}y\n\n`);
  equal(storyText({ title: "\u001b[2J", story: ` ${word} y` }), `?[2J\n\n ${word} y\n\n`);
});
