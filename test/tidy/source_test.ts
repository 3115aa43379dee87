/**
 * The whole repository against its own rules. One test per rule; a failure lists every place.
 *
 * @module
 */

import assert from "node:assert/strict";
import plugin from "../../tools/lint/plugin.ts";
import { TIDY_RULES } from "../../tools/tidy/rules.ts";
import { readSources, type Source } from "../../tools/tidy/sources.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const SOURCES = readSources(ROOT);

/** What our lint rules say of one file, by rule. */
function lint({ path, text }: Source): { rule: string; place: string }[] {
  return Deno.lint.runPlugin(plugin, `${ROOT}/${path}`, text).map(
    ({ id, message, hint, range }) => {
      const line = text.slice(0, range[0]).split("\n").length;
      return { rule: id.replace(/^.*\//, ""), place: `${path}:${line}: ${message}\n    ${hint}` };
    },
  );
}

const FINDINGS = SOURCES.filter(({ path }) => path.endsWith(".ts")).flatMap(lint);

Deno.test("The sources are found", () => {
  assert.ok(SOURCES.some(({ path }) => path === "tools/tidy/sources.ts"));
  assert.ok(SOURCES.some(({ path }) => path === ".ci/run"));
  assert.ok(!SOURCES.some(({ path }) => path.includes("node_modules")));
});

for (const rule of Object.keys(plugin.rules)) {
  Deno.test(`No file breaks ${rule}`, () => {
    const places = FINDINGS.filter((finding) => finding.rule === rule).map(({ place }) => place);
    assert.ok(places.length === 0, `\n${places.join("\n")}`);
  });
}

for (const { claim, remedy, find } of TIDY_RULES) {
  Deno.test(claim, () => {
    const places = find(SOURCES);
    assert.ok(places.length === 0, `${remedy}\n${places.join("\n")}`);
  });
}
