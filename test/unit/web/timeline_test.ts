/**
 * Finding one's way in a run: moments, faults, and the tones of a disk's map.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Note } from "../../../lab/run/recording.ts";
import { newestCycle, toneOf, TONES } from "../../../web/stage/cycle_colours.ts";
import { faultWindows } from "../../../web/timeline/fault_windows.ts";
import { countUntil, momentBefore, momentBehind } from "../../../web/timeline/moments.ts";
import { noteText } from "../../../web/timeline/words.ts";

const fault = (at: number, phase: "begin" | "end", step: string): Note => ({
  at,
  kind: "fault",
  phase,
  step,
  fault: "link.loss",
  on: "wan",
});

Deno.test("a fault has its window, and one that is not over lasts as long as is known", () => {
  const notes = [fault(10, "begin", "1"), fault(20, "begin", "2"), fault(30, "end", "1")];
  const windows = faultWindows(notes, 99).map(({ from, to, over }) => [from, to, over]);
  assert.deepEqual(windows, [[10, 30, true], [20, 99, false]]);
});

Deno.test("steps lead to the next and to the previous moment, from wherever one is", () => {
  const times = fc.array(fc.nat(50), { maxLength: 30 }).map((all) => all.toSorted((a, b) => a - b));
  fc.assert(fc.property(times, fc.nat(60), (times, at) => {
    const notes = times.map((time) => fault(time, "begin", ""));
    assert.equal(countUntil(notes, at), times.filter((time) => time <= at).length);
    assert.equal(momentBehind(notes, at, () => true), times.find((time) => time > at));
    assert.equal(momentBefore(notes, at, () => true), times.findLast((time) => time < at));
  }));
});

Deno.test("the newest cycle is found across the end of the counting", () => {
  const of = (...cycles: number[]) => new Uint8Array(cycles);
  assert.equal(newestCycle(of(3, 4, 5), of(3, 3, 5)), 5);
  assert.equal(newestCycle(of(254, 255, 1, 2), of(254, 254, 254, 0)), 2);
  assert.equal(newestCycle(of(0, 0), of(0, 0)), 0);
  assert.equal(toneOf(2, 2), 0);
  assert.equal(toneOf(255, 2), 2);
  assert.equal(toneOf(0, 2), -1);
  assert.equal(toneOf(50, 200), TONES - 1);
});

Deno.test("a verb that was refused is told in the engine's words, once", () => {
  const failure = { refused: true, message: "vm is not failed over", action: "Fail it over" };
  const step: Note = {
    at: 1,
    kind: "step",
    step: "2",
    phase: "failed",
    code: "wrong-state",
    failure,
  };
  assert.equal(
    noteText(step),
    "Step 2 was refused by the server: vm is not failed over. Fail it over.",
  );
  const verb: Note = {
    ...{ at: 1, kind: "verb", phase: "answered", verb: "failover complete", vm: "vm", site: "b" },
    ...{ code: "wrong-state", took: 0, failure, byItself: false },
  };
  assert.doesNotMatch(noteText({ ...verb, step: "2" }), /Fail it over/);
  assert.match(noteText(verb), /\(wrong-state\): vm is not failed over\. Fail it over\.$/);
  const broken = { ...step, failure: { ...failure, refused: false } };
  assert.match(noteText(broken), /^Step 2 failed: vm is not failed over/);
});
