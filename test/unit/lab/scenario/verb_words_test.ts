/**
 * The words of scripts are those of the engine.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import { FAULTS } from "../../../../engine/sim/faults/registry.ts";
import {
  argumentName,
  RENAMED_ARGUMENTS,
  VERB_WORDS,
} from "../../../../lab/scenario/verb_words.ts";

/** What every step has. */
const OF_ALL = new Set(["id", "at", "after", "wait", "on", "for", "fault", "do", "guest", "vm"]);

Deno.test("a script has the verbs of the engine, with their arguments", () => {
  const engine = Object.entries(VERBS).map(([verb, { args }]) => [
    verb,
    args.some((name) => argumentName(name) === "vm") || verb === "vm list",
    args.filter((name) => argumentName(name) !== "vm").toSorted(),
  ]);
  const words = Object.entries(VERB_WORDS).map(([verb, { machine, args }]) => [
    verb,
    machine || verb === "vm list",
    Object.keys(args).toSorted(),
  ]);
  const byVerb = (one: unknown[], other: unknown[]) => String(one[0]) < String(other[0]) ? -1 : 1;
  deepEqual(words.sort(byVerb), engine.sort(byVerb));
});

Deno.test("no argument and no parameter is called like what every step has", () => {
  for (const [verb, { args }] of Object.entries(VERB_WORDS)) {
    for (const written of Object.keys(args)) {
      const name = argumentName(written);
      ok(!OF_ALL.has(RENAMED_ARGUMENTS[name] ?? name), `${verb}: ${name}`);
    }
  }
  for (const { id, parameters } of FAULTS.values()) {
    for (const { name } of parameters) ok(!OF_ALL.has(name), `${id}: ${name}`);
  }
});
