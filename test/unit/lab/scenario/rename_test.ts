/**
 * A scenario under another name.
 *
 * @module
 */

import assert from "node:assert/strict";
import { canonicalScenario, readScenario } from "../../../../lab/scenario/read_scenario.ts";
import { renameScenario } from "../../../../lab/scenario/rename.ts";
import { scenarioText } from "../server/lab.ts";

Deno.test("the name changes and nothing else, however it is written", () => {
  const plain = scenarioText("old");
  for (
    const [written, expected] of [["old", "new-one"], ['"old"', '"new-one"'], [
      "'old'",
      "'new-one'",
    ]]
  ) {
    const text = plain.replace("name: old", `name: ${written}`);
    assert.equal(renameScenario(text, "new-one"), plain.replace("name: old", `name: ${expected}`));
  }
});

Deno.test("a name elsewhere stays as it is, also one that comes first", () => {
  const text = `world: { machines: { name: { disks: [16MiB] } } }\nname: old\nstory: "name: old"\n`;
  assert.equal(renameScenario(text, "new"), text.replace("\nname: old", "\nname: new"));
});

Deno.test("canonical JSON is renamed too, and stays the same scenario", () => {
  const read = readScenario(scenarioText("old"));
  assert.ok(read.ok);
  assert.equal(
    renameScenario(canonicalScenario(read.scenario), "new"),
    canonicalScenario({ ...read.scenario, name: "new" }),
  );
});
