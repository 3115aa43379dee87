/**
 * Which tone a cell of a disk's map has: by how many cycles ago it was written, so that two sites with the same contents look
 * the same, and every difference does not.
 *
 * @module
 */

/** Tones from the newest cycle to those that are long ago. */
export const TONES = 8;

/** Cycles are counted from 1 to 255 and round again. */
const ROUND = 255;

/** The newest cycle in both maps of a disk: the one behind which the counting has the widest gap. */
export function newestCycle(first: Uint8Array, second: Uint8Array): number {
  const seen = new Uint8Array(ROUND + 1);
  for (const map of [first, second]) for (const cycle of map) seen[cycle] = 1;
  const cycles: number[] = [];
  for (let cycle = 1; cycle <= ROUND; cycle++) if (seen[cycle] === 1) cycles.push(cycle);
  let [newest, widest] = [cycles.at(-1) ?? 0, 0];
  cycles.forEach((cycle, index) => {
    const next = cycles[index + 1] ?? cycles[0]! + ROUND;
    if (next - cycle > widest) [newest, widest] = [cycle, next - cycle];
  });
  return newest;
}

/** The tone of a cell, 0 for the newest; -1 for one that was never written. */
export function toneOf(cycle: number, newest: number): number {
  if (cycle === 0) return -1;
  return Math.min(TONES - 1, (newest - cycle + ROUND) % ROUND);
}
