/**
 * The maps of disks in frames: what is changed is counted as it is written, and must be what a count of all blocks gives.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { Prng } from "../../../../engine/sim/prng.ts";
import { MachineMaps } from "../../../../lab/run/disk_maps.ts";

Deno.test("changed blocks are those written behind the newest staged point, whichever that is", () => {
  const dice = new Prng(3);
  const blocks = [10, 5000];
  const maps = new MachineMaps(blocks, 0);
  const last = blocks.map((count) => new Array<number>(count).fill(0));
  const cuts: { readonly point: string; readonly writes: number }[] = [];
  let [writes, held] = [0, 0];
  for (let round = 0; round < 3000; round++) {
    const what = dice.below(20);
    if (what === 0) {
      const cut = { point: `p${round}`, writes };
      cuts.push(cut);
      maps.cut(0, cut.point, writes);
    } else if (what === 1 && cuts.length > 0) {
      const cut = dice.pick(cuts);
      held = cut.writes;
      maps.staged(1, cut.point);
    } else {
      const disk = dice.below(2);
      const [block, count] = [dice.below(blocks[disk] as number), dice.between(1, 4)];
      writes++;
      maps.wrote(0, disk, block, count, writes);
      for (let at = block; at < block + count; at++) {
        if (at < (blocks[disk] as number)) (last[disk] as number[])[at] = writes;
      }
    }
    if (round % 10 !== 0) continue;
    const frames = maps.frames();
    const changed = last.map((row) => row.map((number) => number > held ? 1 : 0));
    equal(frames.changedBlocks, changed.flat().reduce<number>((sum, each) => sum + each, 0));
    // A disk with fewer blocks than a map has cells has a cell for each.
    deepEqual([...frames.disks[0]?.changed ?? []], changed[0]?.map((each) => 255 * each));
    const shown = frames.disks[1]?.changed.some((cell) => cell > 0);
    equal(shown, changed[1]?.includes(1));
  }
});
