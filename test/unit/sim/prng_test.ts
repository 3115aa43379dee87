/**
 * Seeded randomness.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Prng } from "../../../engine/sim/prng.ts";

function draws(random: Prng): number[] {
  return Array.from({ length: 50 }, () => random.u32());
}

Deno.test("one seed gives one stream, another seed another", () => {
  assert.deepEqual(draws(new Prng(7)), draws(new Prng(7)));
  assert.notDeepEqual(draws(new Prng(7)), draws(new Prng(8)));
  assert.notDeepEqual(draws(new Prng(7)), draws(new Prng(7 + 2 ** 40)));
});

Deno.test("the first numbers of seed 1 are the same in every runtime (I50)", () => {
  const random = new Prng(1);
  const first = [random.u32(), random.u32(), random.below(1000), random.exponential(1000)];
  assert.deepEqual(first, [12186881, 4280214558, 942, 149]);
});

Deno.test("a named stream does not depend on what was drawn before it was made", () => {
  const fresh = new Prng(3);
  const used = new Prng(3);
  draws(used);
  assert.deepEqual(draws(fresh.stream("disk")), draws(used.stream("disk")));
  assert.notDeepEqual(draws(fresh.stream("disk")), draws(fresh.stream("link")));
  assert.notDeepEqual(draws(fresh.stream("a").stream("b")), draws(fresh.stream("b").stream("a")));
});

Deno.test("draws lie in their ranges and reach both ends", () => {
  const random = new Prng(5);
  const seen = new Set<number>();
  for (let draw = 0; draw < 1000; draw++) seen.add(random.between(-2, 2));
  assert.deepEqual([...seen].sort((left, right) => left - right), [-2, -1, 0, 1, 2]);
  for (let draw = 0; draw < 1000; draw++) {
    const value = random.below(2 ** 45);
    assert.ok(Number.isSafeInteger(value) && value >= 0 && value < 2 ** 45);
  }
  assert.equal(random.bytes(13).length, 13);
});

Deno.test("a chance of nothing draws nothing, so a fault that is off changes nothing", () => {
  const [one, other] = [new Prng(9), new Prng(9)];
  for (let draw = 0; draw < 10; draw++) assert.equal(one.chance(0), false);
  assert.deepEqual(draws(one), draws(other));
  assert.equal(one.chance(1_000_000), true);
});

Deno.test("exponential draws have about the mean they were asked for", () => {
  const random = new Prng(11);
  let sum = 0;
  for (let draw = 0; draw < 20_000; draw++) sum += random.exponential(1000);
  assert.ok(Math.abs(sum / 20_000 - 1000) < 40, `mean ${sum / 20_000}`);
});
