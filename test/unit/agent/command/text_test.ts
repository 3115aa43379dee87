/**
 * Tables, suggestions and help texts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { nearest } from "../../../../engine/agent/command/suggestion.ts";
import { formatPairs, formatTable } from "../../../../engine/agent/command/table.ts";
import { commandHelp, programHelp } from "../../../../engine/agent/command/help_text.ts";
import type { Command, Invocation } from "../../../../engine/agent/command/command.ts";
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

/** A value for each placeholder that operands and options have. */
const SAMPLES: Readonly<Record<string, string>> = {
  "HH:MM": "18:30",
  "HOST:PORT": "there:7100",
  "HOST:PORT=RATE": "there:7100=1Mbit",
  "any|entries": "any",
  "on|off": "on",
  DISK: "0",
  N: "1",
  RATE: "1Mbit",
  SIZE: "1MiB",
  TIME: "1h",
};

/** The command with the operands and options that `chosen` says; a placeholder without a sample is a text. */
function typed(
  command: Command,
  chosen: (part: string, optional: boolean) => boolean,
): Invocation {
  const sample = (placeholder: string) => SAMPLES[placeholder] ?? placeholder.toLowerCase();
  const operands = (command.operands ?? [])
    .filter(({ name, optional }) => chosen(name, optional === true));
  const options = Object.entries(command.options ?? {})
    .filter(([name, { required }]) => name !== "data" && chosen(name, required !== true));
  return {
    operands: operands.map(({ name }) => sample(name)),
    options: new Map(
      options.map(([name, { value }]) => [name, value === undefined ? [] : [sample(value)]]),
    ),
    json: false,
    terminal: { out() {}, err() {} },
  };
}

/** The arguments that a command gives its verb. */
function told(command: Command, invocation: Invocation): string[] {
  const given = Object.entries(command.tells?.(invocation) ?? {});
  return given.filter(([, value]) => value !== undefined).map(([name]) => name).sort();
}

/** A copy that is named at the replica, and what is chosen at the primary, are one verb and two ways to type it. */
const OF_A_COPY = ["as-replica", "disk", "from"];

Deno.test("with every operand and option a command gives its verb every argument of the table, and no other", () => {
  for (const command of COMMANDS) {
    const verb = VERBS[command.words];
    if (verb === undefined) continue;
    const all = verb.args.map((name) => name.replace("?", "")).sort();
    const twofold = command.words === "replication enable";
    const ways = twofold
      ? [
        (name: string) => OF_A_COPY.includes(name) || name === "VM",
        (name: string) => !OF_A_COPY.includes(name),
      ]
      : [() => true];
    const given = new Set(ways.flatMap((chosen) => told(command, typed(command, chosen))));
    assert.deepEqual([...given].sort(), all, command.words);
  }
});

Deno.test("a command demands what its verb must have, and nothing else", () => {
  for (const command of COMMANDS) {
    const verb = VERBS[command.words];
    if (verb === undefined) continue;
    const needed = verb.args.filter((name) => !name.endsWith("?")).sort();
    // Typed in two ways, it says itself what is missing in either.
    const said = command.words === "replication enable" ? ["to"] : [];
    // Something has to be set, whatever it is.
    const any = command.words === "server set" ? ["transfers"] : [];
    const least = typed(command, (name, optional) => {
      return !optional || said.includes(name) || any.includes(name);
    });
    const given = told(command, least);
    // A switch that is not given is told as well, as no.
    assert.deepEqual(needed.filter((name) => !given.includes(name)), [], command.words);
    assert.equal(least.operands.length + least.options.size - any.length, needed.length);
  }
});

Deno.test("every command that a server does has a verb", () => {
  for (const { words, tells } of COMMANDS) {
    assert.equal(tells !== undefined, Object.hasOwn(VERBS, words), words);
  }
});

Deno.test("docs/AGENT.md has the tables of commands and options as they are", () => {
  const page = Deno.readTextFileSync(new URL("../../../../docs/AGENT.md", import.meta.url));
  assert.ok(page.includes(commandsMarkdown(COMMANDS)), "run: deno run -A tools/agent_docs/main.ts");
  assert.ok(page.includes(optionsMarkdown(COMMANDS)), "run: deno run -A tools/agent_docs/main.ts");
});
