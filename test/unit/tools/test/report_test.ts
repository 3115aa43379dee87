/**
 * The summary and the verdict of a run.
 *
 * @module
 */

import assert from "node:assert/strict";
import { summary } from "../../../../tools/test/report.ts";
import { countResults, isGood, type TestResult } from "../../../../tools/test/result.ts";

const PASSED: TestResult = {
  group: "unit",
  file: "test/unit/a_test.ts",
  name: "adds",
  outcome: "passed",
  seconds: 1,
  detail: "",
};
const FAILED: TestResult = { ...PASSED, name: "subtracts", outcome: "failed", detail: "1 !== 2" };
const SKIPPED: TestResult = { ...PASSED, name: "mounts", outcome: "skipped", detail: "needs root" };

const TIMES = new Map([["unit", 2.5]]);

function lastLine(text: string): string {
  return text.split("\n").at(-1)!;
}

Deno.test("summary() ends with the count and nothing else", () => {
  assert.equal(lastLine(summary([], TIMES, false)), "0 passed, 0 failed, 0 skipped");
  assert.equal(
    lastLine(summary([PASSED, PASSED, FAILED, SKIPPED], TIMES, true)),
    "2 passed, 1 failed, 1 skipped",
  );
});

Deno.test("summary() names each failed test with its text and each skipped one with its reason", () => {
  const text = summary([PASSED, FAILED, SKIPPED], TIMES, false);
  assert.match(text, /Failed:\n {2}test\/unit\/a_test\.ts: subtracts\n {4}1 !== 2\n/);
  assert.match(text, /Skipped:\n {2}test\/unit\/a_test\.ts: mounts: needs root\n/);
  assert.doesNotMatch(text, /adds/);
  assert.match(text, /unit {2}1 passed, 1 failed, 1 skipped, 2\.5 s/);
});

Deno.test("isGood() wants something passed, nothing failed and, in CI, nothing skipped", () => {
  const good = (results: TestResult[], ci: boolean) => isGood(countResults(results), ci);
  assert.equal(good([PASSED], true), true);
  assert.equal(good([PASSED, SKIPPED], false), true);
  assert.equal(good([PASSED, SKIPPED], true), false);
  assert.equal(good([PASSED, FAILED], false), false);
  assert.equal(good([SKIPPED], false), false);
  assert.equal(good([], false), false);
});
