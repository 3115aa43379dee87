/**
 * The report reader, on reports as Deno writes them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseJunit } from "../../../../tools/test/junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="3" errors="0" time="0.019">
    <testsuite name="./a_test.ts" tests="6" disabled="1" errors="0" failures="3">
        <testcase name="plain &amp; &lt;x&gt; (T3)" classname="./a_test.ts" time="0.250" line="1">
        </testcase>
        <testcase name="with steps" classname="./a_test.ts" time="0.009" line="2" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="ignored" classname="./a_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="cancelled" classname="./a_test.ts" time="0.000" line="3" col="6">
            <error message="Cancelled"/>
        </testcase>
        <testcase name="with steps &gt; one" classname="./a_test.ts" time="0.000" line="2">
        </testcase>
        <testcase name="with steps &gt; two" classname="./a_test.ts" time="0.001" line="2">
            <failure message="Uncaught Error: boom">Error: boom
    at &quot;here&quot;</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("parseJunit() names each test once, without its steps", () => {
  assert.deepEqual(
    parseJunit(REPORT).map(({ name, outcome }) => [name, outcome]),
    [
      ["plain & <x> (T3)", "passed"],
      ["with steps", "failed"],
      ["ignored", "skipped"],
      ["cancelled", "failed"],
    ],
  );
});

Deno.test("parseJunit() keeps the time, and the text of a failed step with its test", () => {
  const [plain, steps, , cancelled] = parseJunit(REPORT);
  assert.equal(plain?.seconds, 0.25);
  assert.equal(
    steps?.detail,
    '1 test step failed.\nwith steps > two: Error: boom\n    at "here"',
  );
  assert.equal(cancelled?.detail, "Cancelled");
});

Deno.test("parseJunit() finds nothing in an empty or foreign text", () => {
  assert.deepEqual(parseJunit(""), []);
  assert.deepEqual(parseJunit('<testsuites name="deno test" tests="0"></testsuites>'), []);
});
