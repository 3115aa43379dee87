/**
 * What documents for administrators tell them to type: commands that there are, with options that they have.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { COMMANDS } from "../../../engine/agent/commands/all.ts";
import { VERBS } from "../../../engine/core/server/verbs.ts";

const DOCS = ["HYPER-V.md", "OPERATIONS.md", "AGENT.md"];

/** Every `warmsite …` that a page names, in code of its text or in its shell blocks. */
function named(page: string): string[] {
  const inline = [...page.matchAll(/`(warmsite [^`]+)`/g)].map(([, text]) => text as string);
  const blocks = [...page.matchAll(/```(?:sh|console)\n([\s\S]*?)```/g)].flatMap(([, body]) =>
    (body as string).split("\n").flatMap((line) => line.match(/warmsite [^#|;&)]*/)?.[0] ?? [])
  );
  return [...inline, ...blocks];
}

/** What is wrong with a command line, or "". */
function wrong(line: string): string {
  const words = line.replaceAll("\\|", "|").trim().split(/\s+/).slice(1);
  const command = COMMANDS.filter(({ words: own }) => `${words.join(" ")} `.startsWith(`${own} `))
    .toSorted((one, other) => other.words.length - one.words.length)[0];
  if (command === undefined) return `"${line}": there is no such command`;
  const options = Object.keys({ data: 0, json: 0, help: 0, ...command.options });
  const bare = line.replaceAll(/'[^']*'|"[^"]*"/g, "TEXT");
  const given = [...bare.matchAll(/(?:^|[\s[])--([a-z-]+)/g)].map(([, name]) => name as string);
  const strange = given.find((name) => !options.includes(name));
  return strange === undefined ? "" : `"${line}": ${command.words} has no --${strange}`;
}

/** Families of commands that a page may speak of as a whole. */
const FAMILIES =
  /^warmsite (VERB|help VERB|replication|failover|points|vm|server|authorization)\s*$/;

Deno.test("every command that a page tells people to type is there, with the options it is given", () => {
  for (const name of DOCS) {
    const page = Deno.readTextFileSync(new URL(`../../../docs/${name}`, import.meta.url));
    const lines = named(page).filter((line) => !FAMILIES.test(line));
    ok(lines.length > 10, name);
    const found = lines.map(wrong).filter((text) => text !== "");
    deepEqual(found, [], `${name}: ${found.join("; ")}`);
  }
});

Deno.test("every verb stands in the page that maps Hyper-V's cmdlets, but those that begin with none", () => {
  const page = Deno.readTextFileSync(new URL("../../../docs/HYPER-V.md", import.meta.url));
  const own = ["vm add", "vm list", "vm remove"];
  const missing = Object.keys(VERBS).filter((verb) => !page.includes(`warmsite ${verb}`));
  deepEqual(missing.filter((verb) => !own.includes(verb)), []);
});
