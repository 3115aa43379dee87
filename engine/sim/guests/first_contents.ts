/**
 * What the disks of a machine hold before anything happens.
 *
 * @module
 */

import { SECTOR, WORDS } from "../oracle/stamp.ts";
import type { MachineSpec } from "../scenario/scenario.ts";

/**
 * The bytes of each disk, of which the first part holds something: every second sector does not compress. `undefined` where
 * they hold nothing.
 */
export function firstContents({ disks, used = 0 }: MachineSpec): Uint8Array[] | undefined {
  if (used === 0) return undefined;
  return disks.map((sectors, disk) => {
    const words = new Int32Array(sectors * WORDS);
    const held = Math.floor((sectors * used) / 1_000_000) * WORDS;
    let step = disk + 1;
    for (let at = 0; at < held; at++) {
      const plain = (Math.floor(at / WORDS) & 1) === 1;
      if (!plain || at % WORDS === 0) {
        step = (Math.imul(step ^ (step >>> 15), 0x2c1b3c6d) + 0x297a2d39) | 0;
      }
      words[at] = step;
    }
    return new Uint8Array(words.buffer, 0, sectors * SECTOR);
  });
}
