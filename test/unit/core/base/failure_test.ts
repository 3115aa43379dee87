/**
 * Failures say what to do, whoever made them (M76).
 *
 * @module
 */

import { equal, match, notEqual } from "node:assert/strict";
import {
  brokenProtocol,
  internalFailure,
  localFailure,
  peerFailure,
  requestFailure,
  toldAction,
} from "../../../../engine/core/base/failure.ts";
import { failureFromJson } from "../../../../engine/core/relationship/failure_class.ts";
import { refusedBecause } from "../../../../engine/core/wire/refusal.ts";

Deno.test("nobody makes a failure without an action: that is no program (M76)", () => {
  // @ts-expect-error -- an empty text is none
  localFailure("busy", "x", "");
  // @ts-expect-error -- an empty text is none
  peerFailure("busy", "x", "");
  // @ts-expect-error -- an action cannot be left out
  requestFailure("busy", "x");
  const made = [
    internalFailure("cancelled", "x"),
    internalFailure("view-given-up", "x"),
    brokenProtocol("x"),
  ];
  for (const { failure } of made) notEqual(failure.action, "");
});

Deno.test("a peer or a record that says nothing to do is not believed: an action is filled in (M76)", () => {
  for (const action of ["", " ", "\n\t", "\u00a0"]) {
    match(toldAction(action), /"warmsite replication status" on both/);
    const told = refusedBecause({ code: "busy", message: "x", action });
    equal(told.action, toldAction(action));
    const read = failureFromJson({ code: "busy", side: "peer", message: "x", action });
    equal(read?.action, toldAction(action));
  }
  equal(refusedBecause({ code: "busy", message: "x", action: "Wait" }).action, "Wait");
});
