/**
 * What every command of the model-based property is made of: its name, the look at both servers behind it, and the
 * comparison of what became of a verb with what was expected.
 *
 * @module
 */

import type fc from "fast-check";
import type { JsonObject } from "../../engine/core/base/json.ts";
import type { Reference } from "./reference/reference.ts";
import { type Expected, other, type SiteName, type SiteView } from "./reference/standing.ts";
import type { Outcome, Servers } from "./servers.ts";

/** One step of a run. */
export type Step = fc.Command<Reference, Servers>;

/** What was really done, counted by name: what never happens is not survived, only unseen. */
export const DONE = new Map<string, number>();

/** It was really done. */
export function count(what: string): void {
  DONE.set(what, (DONE.get(what) ?? 0) + 1);
}

/** How often something that must succeed is tried while connections are made anew. */
export const TRIES = 4;

/** A command of a name and its arguments. */
export abstract class Named {
  readonly #words: string;

  constructor(...words: readonly (string | number | boolean)[]) {
    this.#words = words.join(" ");
  }

  check(_model: Readonly<Reference>): boolean {
    return true;
  }

  toString(): string {
    return this.#words;
  }
}

/** A server by its name, or by what it is to the machine when its turn comes. */
export type Where = SiteName | "the writer" | "its peer";

/** The server that is meant. */
export function siteOf(where: Where, model: Readonly<Reference>): SiteName {
  if (where === "the writer") return model.writer;
  return where === "its peer" ? other(model.writer) : where;
}

/** Compares all that can be seen with the model. */
export function judge(model: Reference, real: Servers): void {
  real.rest();
  const views: Partial<Record<SiteName, SiteView>> = {};
  for (const site of ["a", "b"] as const) {
    const view = model.up[site] ? real.view(site) : undefined;
    if (view !== undefined) views[site] = view;
  }
  const wrong = model.judge(views);
  if (wrong !== "") throw new Error(wrong);
}

/** Fails unless what became of a verb is what was expected; true when it was done. */
export function fulfilled(
  verb: string,
  site: SiteName,
  expected: Expected,
  outcome: Outcome,
): boolean {
  if (outcome === undefined) throw new Error(`"${verb}" at ${site} did not end`);
  const { failure } = outcome;
  count(`${verb} at ${site} ${failure === undefined ? "done" : "refused"}`);
  if (failure === undefined) {
    if (expected === "refused") throw new Error(`"${verb}" at ${site} was not refused`);
    return true;
  }
  if (expected === "done") {
    throw new Error(`"${verb}" at ${site} failed: ${failure.code}: ${failure.message}`);
  }
  if (failure.message === "") throw new Error(`"${verb}" at ${site} was refused without a word`);
  if (failure.action.length < 8) {
    throw new Error(`"${verb}" at ${site} was refused without advice: ${failure.message}`);
  }
  return false;
}

/** What a verb that was done has answered. */
export function valueOf(outcome: Outcome): JsonObject {
  return outcome?.failure === undefined ? outcome?.value as JsonObject : {};
}

/** The point of that answer. */
export function pointOf(outcome: Outcome): string {
  return String(valueOf(outcome)["point"]);
}
