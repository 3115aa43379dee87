/**
 * Every way in which a test file can fail to say that it passed counts as failed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Ending, judge } from "../../../../tools/test/run_file.ts";

const RUN = { group: "unit", file: "test/unit/a_test.ts", filter: undefined, secondsMax: 5 };
const PASSED = `<testcase name="a" classname="./a" time="0.1"></testcase>`;
const SKIPPED =
  `<testcase name="b [skipped: needs fio]" classname="./a" time="0"><skipped/></testcase>`;
const FAILED =
  `<testcase name="c" classname="./a" time="0"><failure message="m">m</failure></testcase>`;

function ending(changes: Partial<Ending>): Ending {
  return { code: 0, timedOut: false, report: PASSED, output: "text", seconds: 1, ...changes };
}

function outcomes(changes: Partial<Ending>): string[] {
  return judge(RUN, ending(changes)).map(({ name, outcome }) => `${outcome}: ${name}`);
}

Deno.test("judge() takes the results of a good run as they are", () => {
  assert.deepEqual(outcomes({ report: PASSED + SKIPPED }), ["passed: a", "skipped: b"]);
  assert.equal(judge(RUN, ending({ report: SKIPPED }))[0]?.detail, "needs fio");
});

Deno.test("judge() does not count a failure twice when the exit code follows from it", () => {
  assert.deepEqual(outcomes({ code: 1, report: PASSED + FAILED }), ["passed: a", "failed: c"]);
});

Deno.test("judge() fails a file whose exit code no test explains", () => {
  assert.deepEqual(outcomes({ code: 1 }), [
    "passed: a",
    "failed: The file ended with exit code 1",
  ]);
  assert.equal(judge(RUN, ending({ code: 139, report: "" }))[0]?.detail, "text");
});

Deno.test("judge() fails a file that hangs, leaves no report, or has no test", () => {
  assert.deepEqual(outcomes({ timedOut: true, code: 137, report: undefined }), [
    "failed: The file ran longer than 5 s and was stopped",
  ]);
  assert.deepEqual(outcomes({ report: undefined }), ["failed: The file left no report"]);
  assert.deepEqual(outcomes({ report: "" }), ["failed: The file has no test"]);
});

Deno.test("judge() accepts a file without a test when a filter chose none of them", () => {
  assert.deepEqual(judge({ ...RUN, filter: "x" }, ending({ report: "" })), []);
});

Deno.test("judge() does not count what a filter left out, which Deno reports as ignored", () => {
  const names = (filter: string) =>
    judge({ ...RUN, filter }, ending({ report: PASSED + SKIPPED })).map(({ name }) => name);
  assert.deepEqual(names("a"), ["a"]);
  assert.deepEqual(names("fio"), ["b"]);
  assert.deepEqual(names("/^[ab]/"), ["a", "b"]);
});
