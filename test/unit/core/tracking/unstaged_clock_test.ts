/**
 * Since when writes are acknowledged that no replica has.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { UnstagedClock } from "../../../../engine/core/tracking/unstaged_clock.ts";

class Hand {
  time = 0;
  now(): number {
    return this.time;
  }
}

function begin(dirty = false): { readonly hand: Hand; readonly clock: UnstagedClock } {
  const hand = new Hand();
  hand.time = 5;
  return { hand, clock: new UnstagedClock(hand, dirty) };
}

Deno.test("a write counts from when it was acknowledged until a point from behind it is staged", () => {
  const { hand, clock } = begin();
  equal(clock.oldest, undefined);
  hand.time = 10;
  clock.acknowledged(false);
  hand.time = 20;
  clock.acknowledged(false);
  clock.cut();
  hand.time = 30;
  clock.acknowledged(false);
  equal(clock.oldest, 10);
  clock.staged();
  equal(clock.oldest, 30);
});

Deno.test("what is in a package counts on until it has arrived", () => {
  const { hand, clock } = begin();
  hand.time = 10;
  clock.acknowledged(false);
  clock.cut();
  clock.exported();
  hand.time = 20;
  clock.acknowledged(false);
  equal(clock.oldest, 10);
  clock.arrived();
  equal(clock.oldest, 20);
});

Deno.test("what is in a package that never arrives is staged with the next point", () => {
  const { hand, clock } = begin(true);
  clock.cut();
  clock.exported();
  hand.time = 20;
  clock.acknowledged(false);
  clock.cut();
  equal(clock.oldest, 5);
  clock.staged();
  equal(clock.oldest, undefined);
});

Deno.test("where the replica holds another point than was believed everything counts from the beginning", () => {
  const { hand, clock } = begin();
  hand.time = 10;
  clock.acknowledged(false);
  clock.cut();
  clock.staged();
  hand.time = 20;
  clock.doubted();
  equal(clock.oldest, 5);
});
