/**
 * The reference model notices what is false about disks that are left out, taken out, or have grown.
 *
 * @module
 */

import { equal, match } from "node:assert/strict";
import { atA, atB, protectedMachine } from "./lies.ts";
import type { Image } from "./reference/image.ts";
import type { Reference } from "./reference/reference.ts";
import type { SiteView } from "./reference/standing.ts";

const ONE = [0, 7, 0];
const TWO = [5, 6];
const STATE = "FailedOverWaitingCompletion";

/** The machine has a second disk, that holds `TWO`, and a point of both, `q`. */
function twoDisks(): Reference {
  const model = protectedMachine();
  model.kept = { wanted: 1, least: 1, most: 4 };
  equal(model.diskChanged("a", "add", 0, 2), 1);
  model.wrote("a", 1, 0, 1, 5);
  model.wrote("a", 1, 1, 1, 6);
  equal(model.judge({ a: atA([ONE, TWO]), b: atB({ q: [ONE, TWO] }) }), "");
  return model;
}

function failedOver(model: Reference, point: string, guest: Image, held: SiteView): string {
  equal(model.failedOver("b", point), "");
  return model.judge({ b: { ...held, state: STATE, guest } });
}

Deno.test("an excluded disk that a point has is noticed, and one that its guest has lost", () => {
  const model = twoDisks();
  model.diskChanged("a", "exclude", 1, 0);
  equal(model.judge({ a: atA([ONE, TWO]), b: atB({ q: [ONE, TWO], r: [ONE] }) }), "");
  match(model.judge({ a: atA([ONE]) }), /disk 1 block 0/, "it is served all the same");
  model.wrote("a", 1, 0, 1, 9);
  const out = [ONE, [9, 6]];
  match(model.judge({ a: atA([ONE, TWO]) }), /disk 1 block 0 holds 5, not 9/);
  match(model.judge({ a: atA(out), b: atB({ r: [ONE], s: out }) }), /disk 1 has blocks that/);
  equal(model.judge({ a: atA(out), b: atB({ r: [ONE], s: [ONE] }) }), "");
  // What was cut before that may come late, and nothing of it behind what came since.
  match(model.judge({ b: atB({ r: [ONE], s: [ONE], t: [ONE, TWO] }) }), /disk 1 has blocks that/);
});

Deno.test("a failover without a stand-in for an excluded disk is noticed, and one that is not empty", () => {
  for (
    const [guest, words] of [
      [[ONE], /disk 1 block 0 holds undefined, not 0/],
      [[ONE, TWO], /disk 1 block 0 holds 5, not 0/],
      [[ONE, [0]], /disk 1 block 1 holds undefined/],
      [[ONE, [0, 0, 0]], /disk 1 has blocks/],
      [[ONE, [0, 0]], /^$/],
    ] as const
  ) {
    const model = twoDisks();
    model.diskChanged("a", "exclude", 1, 0);
    const seen = atB({ q: [ONE, TWO], r: [ONE] });
    equal(model.judge({ b: seen }), "");
    match(failedOver(model, "r", guest, seen), words);
  }
});

Deno.test("an excluded disk that is replicated behind a failover is noticed, there and back", () => {
  const model = twoDisks();
  model.diskChanged("a", "exclude", 1, 0);
  const seen = atB({ q: [ONE, TWO], r: [ONE] });
  equal(model.judge({ b: seen }), "");
  equal(failedOver(model, "r", [ONE, [0, 0]], seen), "");
  model.reversed("b");
  model.wrote("b", 1, 0, 1, 4);
  const there = { ...atA([ONE, [4, 0]]), points: [] };
  equal(model.judge({ a: atB({ t: [ONE] }, { state: "FailbackInProgress" }), b: there }), "");
  match(model.judge({ a: atB({ t: [ONE], u: [ONE, [4, 0]] }) }), /disk 1 has blocks that/);
  equal(model.judge({ a: atB({ t: [ONE], u: [ONE] }), b: there }), "");
  equal(model.failedOver("a", "u"), "");
  const back = { ...atB({ t: [ONE], u: [ONE] }), state: STATE };
  match(model.judge({ a: { ...back, guest: [ONE, [4, 0]] } }), /disk 1 block 0 holds 4, not 0/);
  match(model.judge({ a: { ...back, guest: [ONE] } }), /disk 1 block 0 holds undefined/);
  equal(model.judge({ a: { ...back, guest: [ONE, [0, 0]] } }), "");
});

Deno.test("a disk that is taken in again must be in every point once it was in one", () => {
  const model = twoDisks();
  model.diskChanged("a", "exclude", 1, 0);
  model.wrote("a", 1, 0, 1, 9);
  model.diskChanged("a", "include", 1, 0);
  const now = [ONE, [9, 6]];
  equal(model.judge({ b: atB({ q: [ONE, TWO], r: [ONE] }) }), "", "until its first copy is whole");
  match(model.judge({ b: atB({ r: [ONE], s: [ONE, TWO] }) }), /disk 1 block 0 holds 5, not 9/);
  equal(model.judge({ b: atB({ r: [ONE], s: now }) }), "");
  match(model.judge({ b: atB({ s: now, t: [ONE] }) }), /nor ever before/);
});

Deno.test("a disk that was taken out and is served, or in a later point, is noticed; older points keep it", () => {
  const model = twoDisks();
  model.diskChanged("a", "remove", 1, 0);
  match(model.judge({ a: atA([ONE, TWO]) }), /disk 1 has blocks that nobody knows/);
  equal(model.judge({ a: atA([ONE]), b: atB({ q: [ONE, TWO], r: [ONE] }) }), "");
  match(model.judge({ b: atB({ q: [ONE], r: [ONE] }) }), /point q: disk 1 block 0/);
  match(model.judge({ b: atB({ r: [ONE], s: [ONE, TWO] }) }), /disk 1 has blocks/);
  const seen = atB({ q: [ONE, TWO], r: [ONE] });
  match(failedOver(model, "r", [ONE, [0, 0]], seen), /disk 1 has blocks/, "nor an empty one");
  model.cancelled("b");
  equal(failedOver(model, "q", [ONE, TWO], seen), "", "the older point has it still");
});

Deno.test("a disk that grew and is short is noticed, and one that holds something else behind its old end", () => {
  const model = protectedMachine();
  model.diskChanged("a", "grow", 0, 5);
  match(model.judge({ a: atA([ONE]) }), /disk 0 block 3 holds undefined, not 0/);
  model.wrote("a", 0, 2, 2, 8);
  const grown = [[0, 7, 8, 8, 0]];
  match(model.judge({ a: atA([[0, 7, 8, 8, 1]]) }), /block 4 holds 1, not 0/);
  match(model.judge({ b: atB({ p: [ONE], q: [[0, 7, 8, 0, 0]] }) }), /nor ever before/);
  match(model.judge({ b: atB({ p: [[0, 7, 0, 0, 0]] }) }), /point p: disk 0 has blocks/);
  equal(model.judge({ a: atA(grown), b: atB({ p: [ONE], q: grown }) }), "");
  match(model.judge({ b: atB({ q: grown, r: [ONE] }) }), /nor ever before/, "and never shorter");
  const seen = atB({ p: [ONE], q: grown });
  match(failedOver(model, "p", grown, seen), /holds 8, not 0|has blocks/);
});

Deno.test("a larger disk of the old primary keeps it from following, until that of the new one is as large", () => {
  const model = protectedMachine();
  const seen = atB({ p: [ONE] });
  equal(failedOver(model, "p", [ONE], seen), "");
  model.diskChanged("a", "grow", 0, 5);
  model.reversed("b");
  const tail = atB({ t: [[...ONE, 0, 0]] }, { state: "FailbackInProgress" });
  match(model.judge({ a: tail }), /role is replica, not primary/);
  equal(model.expect("replication cycle", "b"), "refused");
  model.diskChanged("b", "grow", 0, 5);
  equal(model.expect("replication cycle", "b"), "done");
  equal(model.judge({ a: tail }), "");
});

Deno.test("what is legal to do to a disk is what an administrator would think, in every state", () => {
  const model = twoDisks();
  const may = (state: string, place = 1, site: "a" | "b" = "a") =>
    (["add", "remove", "exclude", "include", "grow"] as const)
      .map((change) => model.expectChange(site, change, place, state).slice(0, 1)).join("");
  equal(may("Replicating"), "ddddd");
  equal(may("WaitingForUpdateCompletion"), "ddddd");
  // Whoever asks for what is already so is told that it is.
  equal(may("Suspended"), "rrrdd");
  equal(may("InitialReplicationInProgress"), "rrrdd");
  equal(may("PreparedForFailover"), "rrrdr");
  equal(may("Replicating", 2), "drrrr", "there is no such disk");
  equal(may("Replicating", 1, "b"), "rrrrr", "it runs at the other server");
  model.diskChanged("a", "exclude", 0, 0);
  equal(may("Replicating"), "drrdd", "the last one that is replicated stays");
  equal(may("Suspended", 0), "rrdrd");
  model.diskChanged("a", "remove", 0, 0);
  equal(may("Replicating", 0), "drrrr");
});
