/**
 * What a wrong sector is told as.
 *
 * @module
 */

import type { Mismatch } from "../oracle/history.ts";

/** One sentence with all that matters. */
export function tellMismatch(vm: string, point: string, why: string, wrong: Mismatch): string {
  const { disk, sector, found, expected } = wrong;
  return `${vm}: point ${point} (${why}): disk ${disk} sector ${sector} holds ${found}; ` +
    `expected: ${expected}`;
}
