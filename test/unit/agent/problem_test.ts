/**
 * Failures as exit codes, HTTP statuses and words.
 *
 * @module
 */

import assert from "node:assert/strict";
import { localFailure, peerFailure, requestFailure } from "../../../engine/core/base/failure.ts";
import {
  describeProblem,
  exitCodeOf,
  httpStatusOf,
  problemOf,
  usageProblem,
} from "../../../engine/agent/problem.ts";

Deno.test("each failure has its exit code and its HTTP status", () => {
  const rows: readonly [error: Error, exitCode: number, status: number][] = [
    [requestFailure("wrong-state", "x", "Try again"), 4, 409],
    [localFailure("wrong-state", "x", "Try again"), 4, 409],
    [requestFailure("busy", "a guest is attached", "Try again"), 4, 409],
    [localFailure("busy", "out of memory", "Try again"), 1, 409],
    [requestFailure("bad-argument", "x", "Try again"), 2, 400],
    [requestFailure("bad-name", "x", "Try again"), 2, 400],
    [usageProblem("x", "y"), 2, 400],
    [requestFailure("no-such-machine", "x", "Try again"), 1, 404],
    [requestFailure("no-such-point", "x", "Try again"), 1, 404],
    [requestFailure("exists", "x", "Try again"), 1, 409],
    [localFailure("locked", "x", "Try again"), 1, 409],
    [peerFailure("timed-out", "x", "Try again"), 1, 502],
    [localFailure("no-space", "x", "Try again"), 1, 500],
    [requestFailure("point-broken", "x", "Try again"), 1, 422],
    [new Error("x"), 1, 500],
  ];
  for (const [error, exitCode, status] of rows) {
    const problem = problemOf(error);
    assert.deepEqual(
      [exitCodeOf(problem), httpStatusOf(problem)],
      [exitCode, status],
      problem.code,
    );
  }
});

Deno.test("a failure is told with what to do, and a bug as a bug", () => {
  assert.equal(describeProblem(problemOf(localFailure("locked", "A", "B"))), "warmsite: A\n  B");
  const bug = problemOf(new TypeError("oops"));
  assert.equal(bug.code, "bug");
  assert.match(bug.message, /A bug of Warmsite: TypeError: oops/);
});
