/**
 * Words that the editor offers: faults, verbs, what a script's names are, and the keys of its parts.
 *
 * @module
 */

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { VERB_WORDS } from "../../lab/scenario/verb_words.ts";
import { scenario } from "../state/drill.ts";

const KEYS = [
  ...["at", "after", "wait", "for", "on", "do", "fault", "guest", "vm", "id", "point"],
  ...["rpo", "rto", "invariants", "converges", "runsAt", "lostWrites", "objective"],
  ...["replication", "frequency", "retention", "workloads", "disks", "scale", "seed", "end"],
] as const;

const GUEST = ["write", "zero", "read", "flush", "reconnect", "stop", "start"] as const;

function options(words: readonly string[], type: string): Completion[] {
  return words.map((label) => ({ label, type }));
}

function faultOptions(): Completion[] {
  return [...FAULTS.values()].map(({ id, title, about }) => ({
    label: id,
    detail: title,
    info: about,
    type: "constant",
  }));
}

function namesOf(key: string): Completion[] {
  const read = scenario.value;
  if (read === undefined) return [];
  const { sites, link, machines } = read.world;
  const vms = machines.map(({ name }) => name);
  if (key === "vm") return options(vms, "variable");
  const disks = machines.flatMap(({ name, disks }) => disks.map((_, disk) => `${name}/${disk}`));
  return options([...sites.map(({ name }) => name), link.name, ...vms, ...disks], "variable");
}

function valuesOf(key: string): Completion[] {
  switch (key) {
    case "fault":
      return faultOptions();
    case "do":
      return options(Object.keys(VERB_WORDS), "function");
    case "guest":
      return options(GUEST, "function");
    case "vm":
    case "on":
    case "runsAt":
      return namesOf(key);
    case "after":
      return options(scenario.value?.script.map(({ id }) => id) ?? [], "variable");
    default:
      return [];
  }
}

/** What fits where the person types. */
export function completeWord(context: CompletionContext): CompletionResult | null {
  const value = context.matchBefore(/\b(\w+):[ \t]+[\w.\/ -]*/);
  if (value !== null) {
    const [, key = "", written = ""] = /^(\w+):[ \t]+(.*)$/.exec(value.text) ?? [];
    const found = valuesOf(key);
    if (found.length > 0) return { from: value.to - written.length, options: found };
    return null;
  }
  const word = context.matchBefore(/[\w-]+/);
  if (word === null && !context.explicit) return null;
  return {
    from: word?.from ?? context.pos,
    options: KEYS.map((label) => ({ label, type: "property", apply: `${label}: ` })),
  };
}
