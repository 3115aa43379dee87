/**
 * How results read: a line per file while tests run, and the summary at the end.
 *
 * Rule: the summary's last line is `N passed, N failed, N skipped` and nothing else, for programs
 * and people alike.
 *
 * @module
 */

import { type Count, countResults, type TestResult } from "./result.ts";

/** A test that takes longer than this is named in the summary. */
const SLOW_S = 20;
const SLOW_TESTS_MAX = 5;

/** Sets `text` off from the runner's own lines. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** Progress: one finished file. */
export function fileLine(
  label: string,
  results: readonly TestResult[],
  seconds: number,
): string {
  const { failed, skipped } = countResults(results);
  const verdict = failed > 0 ? "FAIL" : "ok  ";
  const parts = [`${results.length} ${results.length === 1 ? "test" : "tests"}`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return `${verdict} ${label} (${parts.join(", ")}, ${inSeconds(seconds)})`;
}

/** The last line. */
export function countLine(count: Count): string {
  return `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;
}

function groupTable(
  results: readonly TestResult[],
  seconds: ReadonlyMap<string, number>,
): string[] {
  const groups = [...new Set(results.map((result) => result.group))];
  const width = Math.max(...groups.map((name) => name.length));
  return groups.map((name) => {
    const own = results.filter((result) => result.group === name);
    return `  ${name.padEnd(width)}  ${countLine(countResults(own))}, ${
      inSeconds(seconds.get(name) ?? 0)
    }`;
  });
}

function listed(title: string, results: readonly TestResult[], detail: boolean): string[] {
  if (results.length === 0) return [];
  const lines = results.map((result) => {
    const where = `  ${result.file}: ${result.name}`;
    return detail && result.detail !== "" ? `${where}\n${indent(result.detail)}` : where;
  });
  return [`${title}:`, ...lines, ""];
}

function slowest(results: readonly TestResult[]): string[] {
  const slow = results.filter((result) => result.seconds > SLOW_S)
    .sort((left, right) => right.seconds - left.seconds)
    .slice(0, SLOW_TESTS_MAX);
  if (slow.length === 0) return [];
  return [
    "Slowest:",
    ...slow.map((result) => `  ${inSeconds(result.seconds)}  ${result.file}: ${result.name}`),
    "",
  ];
}

/**
 * The end of a run: what was skipped and why, what failed and how, the groups, the count.
 *
 * @param seconds How long each group ran.
 * @param skipsFail Whether a skip fails the run; the summary then says so.
 */
export function summary(
  results: readonly TestResult[],
  seconds: ReadonlyMap<string, number>,
  skipsFail: boolean,
): string {
  const failed = results.filter((result) => result.outcome === "failed");
  const skipped = results.filter((result) => result.outcome === "skipped");
  const skippedLines = skipped.map((result) =>
    `  ${result.file}: ${result.name}: ${result.detail || "no reason given"}`
  );
  return [
    "",
    ...slowest(results),
    ...(skipped.length > 0 ? ["Skipped:", ...skippedLines, ""] : []),
    ...listed("Failed", failed, true),
    ...(skipsFail && skipped.length > 0
      ? [`CI is true: ${skipped.length} skipped tests fail the run`, ""]
      : []),
    ...(results.length > 0 ? groupTable(results, seconds) : ["  No test was run"]),
    countLine(countResults(results)),
  ].join("\n");
}
