/**
 * The sentence on top, word for word, for whatever a recovery may have lacked and whatever became of that.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { DrillReport, Loss, Recovery } from "../../../../lab/report/drill_report.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import { sentenceOf } from "../../../../lab/report/sentence.ts";
import { fire, S } from "./story.ts";

/** The fire, whose point was cut at 600 and lacks 252 writes from 601 to 852; it is asked for at 922 and done at 932. */
const REPORT: DrillReport = makeReport(fire().recording(1200));

interface Change extends Partial<Omit<Recovery, "loss">> {
  readonly loss?: Partial<Loss> | null;
}

/** The sentence where the recovery of the fire was another one. */
function said({ loss, ...change }: Change): string {
  const [recovery] = REPORT.recoveries;
  const lost = loss === null ? null : { ...recovery!.loss!, ...loss };
  return sentenceOf({ ...REPORT, recoveries: [{ ...recovery!, ...change, loss: lost }] });
}

const UNASKED = "the last point was cut 4 min 12 s before Amsterdam burned, and the first write " +
  "that it lacks came 1 s later.";

/** What a recovery was, and what is said of it. */
const TABLE: readonly (readonly [Change, string])[] = [
  [{}, `You lost 4 min 11 s of erp, 252 writes, because ${UNASKED}`],
  [{ loss: { writes: 1 } }, `You lost 4 min 11 s of erp, 1 write, because ${UNASKED}`],
  // Not a second apart: there is nothing to explain.
  [
    { rpo: 252 * S },
    "You lost 4 min 12 s of erp, 252 writes, because the last point was cut 4 min 12 s before Amsterdam burned.",
  ],
  [
    { rpo: 191 * S },
    "You lost 3 min 11 s of erp, 252 writes, because the last point was cut 4 min 12 s before Amsterdam burned, " +
    "the first write that it lacks came 1 s later, and erp was off for 1 min of that.",
  ],
  [
    { incident: null, asked: 852 * S },
    "You lost 4 min 11 s of erp, 252 writes, because the last point at Berlin was cut 4 min 12 s before the failover " +
    "was asked for, and the first write that it lacks came 1 s later.",
  ],
  [
    { incident: null, loss: { newest: 1000 * S } },
    "Both sites wrote erp from the failover on: Berlin lacks 252 writes that Amsterdam has, 4 min 11 s of work from " +
    "before it and all since.",
  ],
  [
    { newer: 1 },
    "You gave up 4 min 11 s of erp, 252 writes: the point that was chosen had been cut 4 min 12 s before Amsterdam " +
    "burned, the first write that it lacks came 1 s later, and a newer one was there.",
  ],
  [
    { newer: 3, rpo: 252 * S },
    "You gave up 4 min 12 s of erp, 252 writes: the point that was chosen had been cut 4 min 12 s before Amsterdam " +
    "burned, and 3 newer ones were there.",
  ],
  [
    { newer: 3, rpo: 252 * S, loss: { fate: "kept" } },
    "You gave up 4 min 12 s of erp, 252 writes: the point that was chosen had been cut 4 min 12 s before Amsterdam " +
    "burned, 3 newer ones were there, and what it lacks is kept at Amsterdam.",
  ],
  [
    { loss: { fate: "kept" } },
    "Machine erp goes on at Berlin without 252 writes that Amsterdam alone had, 4 min 11 s of work: they are kept at " +
    "Amsterdam as a recovery point.",
  ],
  [
    { loss: { fate: "kept", writes: 1 } },
    "Machine erp goes on at Berlin without 1 write that Amsterdam alone had, 4 min 11 s of work: it is kept at " +
    "Amsterdam as a recovery point.",
  ],
  [
    { rpo: 0, loss: { fate: "kept" } },
    "Machine erp goes on at Berlin without 252 writes that Amsterdam alone had: they are kept at Amsterdam as a " +
    "recovery point.",
  ],
  [
    { loss: { fate: "kept", newest: 1000 * S } },
    "Both sites had written erp: Berlin goes on, and 252 writes that Amsterdam alone had, 4 min 11 s of work, are " +
    "kept as a recovery point.",
  ],
  [
    { rpo: 0, loss: { fate: "kept", newest: 1000 * S, writes: 1 } },
    "Both sites had written erp: Berlin goes on, and 1 write that Amsterdam alone had is kept as a recovery point.",
  ],
  [
    { rpo: 0, loss: { fate: "none", writes: 0 } },
    "Nothing was lost: the point with which erp went on at Berlin held every acknowledged write, and it was down for " +
    "1 min 40 s.",
  ],
  [
    { kind: "planned", rpo: 0, loss: { fate: "none", writes: 0 } },
    "Nothing was lost: erp moved to Berlin with every acknowledged write, and it was down for 1 min 40 s.",
  ],
  [
    { state: "cancelled", loss: { fate: "undone", discarded: 48 } },
    "Nothing was lost: the failover of erp to Berlin was cancelled, and it runs at Berlin, after 1 min 40 s of " +
    "standstill, and 48 writes made at Berlin since then are given up.",
  ],
  [
    { state: "cancelled", kind: "planned", loss: { fate: "undone" } },
    "Nothing was lost: the planned move of erp to Berlin was cancelled, and it runs at Berlin, after 1 min 40 s of " +
    "standstill.",
  ],
  [
    { state: "started", loss: { fate: "undone", discarded: 1 } },
    "Both sites had written erp: Amsterdam goes on with all of its own, and 1 write made at Berlin since then is " +
    "given up.",
  ],
  [
    { loss: null },
    "Machine erp went on at Berlin, and what that lost is not known: the recording lacks the cut of its point.",
  ],
];

for (const [change, sentence] of TABLE) {
  Deno.test(`the sentence of ${JSON.stringify(change)}`, () => {
    assert.equal(said(change), sentence);
  });
}

Deno.test("no combination makes a sentence that is broken", () => {
  const seen = new Set<string>();
  for (const fate of ["none", "lost", "kept", "undone"] as const) {
    for (const writes of fate === "none" ? [0] : [1, 252]) {
      for (const newest of [852 * S, 1000 * S]) {
        for (const rpo of [0, 100 * S, 251 * S, 252 * S]) {
          for (const newer of [0, 1, 2]) {
            for (const incident of [null, 0]) {
              for (const state of ["started", "cancelled", "completed"] as const) {
                for (const discarded of [0, 1, 9]) {
                  const loss = { fate, writes, newest, discarded };
                  seen.add(said({ loss, rpo, newer, incident, state }));
                }
              }
            }
          }
        }
      }
    }
  }
  assert.ok(seen.size > 60, `${seen.size}`);
  for (const sentence of seen) {
    assert.match(sentence, /^[A-Z].*[^,;: ]\.$/);
    assert.doesNotMatch(sentence, /[,;:] ?[,;:.]|\s[,;:.]| {2}|\b1 writes|undefined|null|NaN|-\d/);
    assert.doesNotMatch(sentence, /\b1 write\b[^,:]* are\b/);
  }
});
