/**
 * The reference model notices what is false: a model that agrees with everything proves nothing.
 *
 * @module
 */

import { equal, match } from "node:assert/strict";
import { atA, atB, BLANK, NOTHING, protectedMachine } from "./lies.ts";
import { written } from "./reference/image.ts";
import { Reference } from "./reference/reference.ts";
import type { SiteView } from "./reference/standing.ts";

Deno.test("a point that changed, went, came from nowhere or is broken is noticed", () => {
  const seven = written(BLANK, 0, 1, 1, 7);
  const lies: readonly (readonly [SiteView, RegExp])[] = [
    [atB({ p: BLANK }), /block 1 holds 0, not 7/],
    [atB({}), /point p is gone/],
    [NOTHING, /role is none, not replica/],
    [atB({ p: seven, q: written(seven, 0, 0, 1, 9) }), /nor ever before/],
    [atB({ q: seven, p: seven }), /out of order/],
    [{ ...atB({ p: seven }), role: "unopened" }, /role is unopened/],
    [atB({ p: seven }, { state: "FailedOver" }), /state FailedOver/],
    [{ ...atB({}), points: [{ id: "p", image: [], broken: "torn" }] }, /broken: torn/],
  ];
  for (const [lie, words] of lies) match(protectedMachine().judge({ b: lie }), words);
});

Deno.test("more points than are kept are noticed, and a dropped one that comes back", () => {
  const model = protectedMachine();
  const seven = model.disks.a!.image;
  equal(model.judge({ b: atB({ p: seven, q: seven }) }), "");
  match(model.judge({ b: atB({ p: seven, q: seven, r: seven }) }), /3 points are listed, 2 may/);
  equal(model.judge({ b: atB({ q: seven, r: seven }) }), "");
  match(model.judge({ b: atB({ p: seven, q: seven, r: seven }) }), /out of order|are listed/);
});

Deno.test("what a guest was told is on its disk must be there, but for what a power loss may take", () => {
  const model = protectedMachine();
  match(model.judge({ a: atA(BLANK) }), /block 1 holds 0, not 7/);
  model.died("a", false);
  match(model.judge({ a: atA(BLANK) }), /block 1 holds 0, not 7/);
  model.died("a", true);
  match(model.judge({ a: atA(written(BLANK, 0, 2, 1, 5)) }), /loss of power/);
  equal(model.judge({ a: atA(BLANK) }), "", "nobody had flushed it");
  model.wrote("a", 0, 1, 1, 8);
  model.flushed("a", 0);
  model.died("a", true);
  match(model.judge({ a: atA(BLANK) }), /loss of power/, "somebody had");
});

Deno.test("a failed-over machine is its point and what its guest wrote, and takes nothing from outside", () => {
  const model = protectedMachine();
  const seven = model.disks.a!.image;
  equal(model.failedOver("b", "p"), "");
  match(model.failedOver("b", "q"), /not listed/);
  model.wrote("b", 0, 0, 1, 3);
  const state = "FailedOverWaitingCompletion";
  const guest = written(seven, 0, 0, 1, 3);
  equal(model.judge({ b: atB({ p: seven }, { state, guest }) }), "");
  match(model.judge({ b: atB({ p: seven }, { state, guest: seven }) }), /block 0 holds 0, not 3/);
  match(model.judge({ b: atB({ p: seven }, { state }) }), /no disks/);
  const more = atB({ p: seven, q: seven }, { state, guest });
  match(model.judge({ b: more }), /staged in a failover/);
  model.completed("b", "c");
  match(model.judge({ b: atB({ c: seven }, { state: "FailedOver", guest }) }), /holds 0, not 3/);
  equal(model.judge({ b: atB({ c: guest }, { state: "FailedOver", guest }) }), "");
});

Deno.test("a pause that does not hold is noticed, on either side", () => {
  const model = protectedMachine();
  const seven = model.disks.a!.image;
  model.pausing("a");
  equal(model.judge({ a: atA(seven, "Suspended"), b: atB({ p: seven }) }), "");
  match(model.judge({ a: atA(seven) }), /paused, and Replicating/);
  match(model.judge({ b: atB({ p: seven, q: seven }) }), /staged while it was paused/);
  model.pausing("b");
  match(model.judge({ b: atB({ p: seven }) }), /state Replicating, not Suspended/);
  match(
    model.judge({
      a: atA(seven, "Suspended"),
      b: atB({ p: seven }, { state: "Suspended", guest: seven }),
    }),
    /^$/,
  );
  model.pausing(undefined);
  equal(model.judge({ a: atA(seven), b: atB({ p: seven, q: seven }) }), "");
});

Deno.test("a point without a disk that others have had whole is noticed, and a disk that holds something else", () => {
  const model = protectedMachine();
  const old = model.disks.a!.image;
  equal(model.diskChanged("a", "add", 0, 2), 1);
  model.wrote("a", 1, 0, 1, 5);
  const two = [old[0]!, [5, 0]];
  const { a } = { a: atA(two) };
  equal(model.judge({ a, b: atB({ p: old, q: old }) }), "", "until its first copy is whole");
  match(model.judge({ b: atB({ q: old, r: [old[0]!, [0, 7]] }) }), /nor ever before/);
  equal(model.judge({ a, b: atB({ q: old, r: two }) }), "");
  match(model.judge({ b: atB({ r: two, s: old }) }), /nor ever before/, "and not behind that");
  match(model.judge({ b: atB({ q: old, r: old }) }), /point r: disk 1 block 0/);
});

Deno.test("a verb is legal in the states that an administrator would think, and in no other", () => {
  const model = new Reference(2, BLANK);
  const expected = (...verbs: readonly string[]) =>
    verbs.map((verb) => `${model.expect(verb, "a")} ${model.expect(verb, "b")}`);
  equal(
    expected("vm add", "vm remove", "failover start").join(),
    [
      "done refused",
      "refused refused",
      "refused refused",
    ].join(),
  );
  const on = protectedMachine();
  equal(on.expect("replication cycle", "a"), "done");
  on.linked = false;
  equal(on.expect("replication cycle", "a"), "refused");
  on.linked = true;
  equal(on.expect("failover cancel", "b"), "refused");
  on.failedOver("b", "p");
  equal(on.expect("failover cancel", "b"), "done");
  equal(on.expect("replication disable", "b"), "refused");
  equal(on.expect("replication cycle", "a"), "refused");
});
