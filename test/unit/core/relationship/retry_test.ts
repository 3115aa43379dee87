/**
 * The ladder of retries, and the class of every failure.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { FailureCode } from "../../../../engine/core/base/failure.ts";
import { HOUR, MILLISECOND, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import {
  classOf,
  FAILURE_CLASSES,
  failureFromJson,
  isOfTheLink,
} from "../../../../engine/core/relationship/failure_class.ts";
import { lookDelay, retryDelay } from "../../../../engine/core/relationship/retry.ts";

Deno.test("attempts that count come after 1, 2, 4, 8, 10 minutes, then every 30 (M76)", () => {
  const delays = Array.from({ length: 8 }, (_, failures) => retryDelay(failures + 1) / MINUTE);
  deepEqual(delays, [1, 2, 4, 8, 10, 30, 30, 30]);
  equal(retryDelay(1e9), 30 * MINUTE);
  equal(retryDelay(0), MINUTE);
});

Deno.test("a look in between is at most one a cycle, and at most one a second", () => {
  equal(lookDelay(5 * MINUTE), 5 * MINUTE);
  equal(lookDelay(HOUR), HOUR);
  equal(lookDelay(100 * MILLISECOND), SECOND);
});

/** Written down by hand: what only a person can mend. */
const FINAL: readonly FailureCode[] = [
  "unauthenticated",
  "unauthorized",
  "wrong-server",
  "wrong-version",
  "exists",
  "wrong-disk",
  "disk-changed-size",
  "out-of-range",
  "bad-name",
  "bad-argument",
  "older-generation",
  "unknown-generation",
  "split-brain",
  "second-writer",
  "generation-dead",
];

Deno.test("every failure has a class; what is final is what only a person can mend", async () => {
  const source = await Deno.readTextFile(
    new URL("../../../../engine/core/base/failure.ts", import.meta.url),
  );
  const union = source.slice(
    source.indexOf("FailureCode ="),
    source.indexOf("/** What went wrong"),
  );
  const codes = [...union.matchAll(/\| "([a-z-]+)"/g)].map(([, code]) => code as FailureCode);
  ok(codes.length > 40);
  deepEqual(Object.keys(FAILURE_CLASSES).sort(), [...codes].sort(), "none missing, none too many");
  deepEqual(codes.filter((code) => classOf(code) === "final").sort(), [...FINAL].sort());
  // Storage, network and a peer's pause never end protection by themselves.
  for (const code of ["io-error", "no-space", "connection-lost", "timed-out", "paused"] as const) {
    equal(classOf(code), "recoverable", code);
  }
  for (const code of ["gate-timeout", "view-given-up"] as const) equal(classOf(code), "this-cycle");
  for (const code of codes.filter(isOfTheLink)) equal(classOf(code), "recoverable");
});

Deno.test("a failure survives its record, and a strange one does not pass for a sound one", () => {
  const failure = { code: "no-space", side: "peer", message: "Full", action: "Free some" } as const;
  deepEqual(failureFromJson({ ...failure }), failure);
  deepEqual(failureFromJson({ ...failure, code: "from-the-future" }), {
    ...failure,
    code: "damaged",
  });
  for (const bad of [null, undefined, 1, {}, { ...failure, side: "moon" }, { code: "no-space" }]) {
    equal(failureFromJson(bad), undefined);
  }
});
