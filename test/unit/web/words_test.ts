/**
 * What the page says of a run is in people's words: no ids of kinds of faults, no states as the program writes them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { noteText, stateText, unbroken } from "../../../web/timeline/words.ts";

Deno.test("faults have the titles of their kinds", () => {
  const fire = { at: 0, kind: "fault", fault: "site.fire", on: "bern", step: "fire" } as const;
  assert.equal(noteText({ ...fire, phase: "begin" }), "The site burns down (bern)");
  assert.equal(noteText({ ...fire, phase: "end" }), "Over: The site burns down (bern)");
});

Deno.test("states are words", () => {
  assert.equal(stateText("FailedOverWaitingCompletion"), "Failed over waiting completion");
  assert.equal(stateText("none"), "Not replicated yet");
  const note = {
    at: 0,
    kind: "state",
    vm: "erp",
    site: "bern",
    from: "",
    to: "FailedOver",
  } as const;
  assert.equal(noteText(note), "erp at bern: Failed over");
});

Deno.test("a number stays with its unit", () => {
  assert.equal(unbroken("3 min 40 s"), "3\u00a0min 40\u00a0s");
  assert.equal(unbroken("12 Mbit/s"), "12\u00a0Mbit/s");
});
