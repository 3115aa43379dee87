/**
 * Reads the JUnit report that `deno test --junit-path` writes.
 *
 * Knows only what that writer makes: text and attributes escaped, no CDATA, steps listed as cases
 * named `test > step`. It is not a parser for XML.
 *
 * @module
 */

import type { Outcome } from "./result.ts";

/** One test of a report, without its steps. */
export interface JunitCase {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** The text of the failure or error; empty otherwise. */
  readonly detail: string;
}

const CASE = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const PROBLEM = /<(failure|error)(?: message="([^"]*)")?\s*(?:\/>|>([\s\S]*?)<\/\1>)/;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return ENTITIES.get(name) ?? whole;
  });
}

function attribute(attributes: string, name: string): string {
  return unescape(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

function parseCase(attributes: string, body: string): JunitCase {
  const problem = PROBLEM.exec(body);
  const skipped = /<skipped\s*\/?>/.test(body);
  return {
    name: attribute(attributes, "name"),
    outcome: problem !== null ? "failed" : skipped ? "skipped" : "passed",
    seconds: Number(attribute(attributes, "time")),
    detail: problem === null ? "" : unescape(problem[3] || problem[2] || "no reason given"),
  };
}

/**
 * The tests in a report. A failed step is part of its test, which the writer marks as failed too;
 * it is not counted again, but its text joins the test's.
 */
export function parseJunit(xml: string): JunitCase[] {
  const cases = [...xml.matchAll(CASE)].map((match) => parseCase(match[1]!, match[2] ?? ""));
  const isStepOf = (step: JunitCase, test: JunitCase) =>
    step !== test && step.name.startsWith(`${test.name} > `);
  const tests = cases.filter((one) => !cases.some((other) => isStepOf(one, other)));
  return tests.map((test) => {
    const steps = cases.filter((one) => isStepOf(one, test) && one.outcome === "failed");
    return steps.length === 0 ? test : {
      ...test,
      detail: [test.detail, ...steps.map((step) => `${step.name}: ${step.detail}`)].join("\n"),
    };
  });
}
