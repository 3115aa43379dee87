/**
 * Tables, suggestions and help texts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { nearest } from "../../../../engine/agent/command/suggestion.ts";
import { formatPairs, formatTable } from "../../../../engine/agent/command/table.ts";
import { commandHelp, programHelp } from "../../../../engine/agent/command/help_text.ts";
import { COMMANDS } from "../../../../engine/agent/commands/all.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import { commandsMarkdown, optionsMarkdown } from "../../../../engine/agent/command/help_text.ts";

Deno.test("columns are aligned, numbers to the right, without spaces at the end", () => {
  const columns = [{ title: "A" }, { title: "N", right: true }, { title: "LAST" }];
  assert.equal(
    formatTable(columns, [["long", "1", ""], ["x", "1234", "é"]]),
    ["A        N  LAST", "long     1", "x     1234  é"].join("\n"),
  );
  assert.equal(formatPairs([["a", "1"], ["long", "2\n3"]]), "a     1\nlong  2\n      3");
});

Deno.test("the nearest word is near, or there is none", () => {
  const words = ["start", "status", "cycle"];
  assert.equal(nearest("statsu", words), "status");
  assert.equal(nearest("strt", words), "start");
  assert.equal(nearest("cycel", words), "cycle");
  assert.equal(nearest("delete", words), undefined);
  assert.equal(nearest("", words), undefined);
});

Deno.test("every verb of the engine has a command, and help for it", () => {
  const words = COMMANDS.map((command) => command.words);
  for (const verb of Object.keys(VERBS)) assert.ok(words.includes(verb), verb);
  assert.equal(new Set(words).size, words.length);
  const help = programHelp(COMMANDS);
  for (const command of COMMANDS) {
    assert.ok(help.includes(command.about), command.words);
    assert.match(commandHelp(command), /^Usage: warmsite /);
    assert.ok(command.about.length > 0, command.words);
  }
});

Deno.test("docs/AGENT.md has the tables of commands and options as they are", () => {
  const page = Deno.readTextFileSync(new URL("../../../../docs/AGENT.md", import.meta.url));
  assert.ok(page.includes(commandsMarkdown(COMMANDS)), "run: deno run -A tools/agent_docs/main.ts");
  assert.ok(page.includes(optionsMarkdown(COMMANDS)), "run: deno run -A tools/agent_docs/main.ts");
});
