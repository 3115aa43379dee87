/**
 * The numbers of changes against a list of all changes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ChangeNumbers } from "../../../engine/sim/change_numbers.ts";
import { Prng } from "../../../engine/sim/prng.ts";

Deno.test("the number of a range changes exactly when bytes of its stretches do", () => {
  const dice = new Prng(31);
  const [stretch, stretches] = [512, 37];
  const total = stretch * stretches - 100;
  const numbers = new ChangeNumbers();
  const ranges = [[0, 4096], [4096, 4096], [512, 512], [0, total], [8192, 700], [16_384, 4096]];
  const ask = () => ranges.map(([at = 0, length = 0]) => numbers.last(at, length, total));
  let before = ask();
  for (let round = 0; round < 2000; round++) {
    const at = dice.below(total);
    const length = dice.between(1, Math.min(3000, total - at));
    const all = dice.chance(5000);
    if (all) numbers.noteAll();
    else numbers.note(at, length);
    const now = ask();
    for (const [place, [from = 0, size = 0]] of ranges.entries()) {
      const first = Math.floor(from / stretch);
      const end = Math.ceil((from + size) / stretch);
      const touched = all ||
        (Math.floor(at / stretch) < end && Math.ceil((at + length) / stretch) > first);
      assert.equal(now[place] !== before[place], touched, `${from}+${size} behind ${at}+${length}`);
    }
    before = now;
  }
});
