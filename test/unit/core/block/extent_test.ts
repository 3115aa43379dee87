/**
 * Lists of extents.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { common, type Extent, joined } from "../../../../engine/core/block/extent.ts";

/** Extents of a few bytes, in order, some of them neighbours. */
const list = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 })), { maxLength: 8 })
  .map((pairs) => {
    let end = 0;
    return pairs.map(([gap, length]): Extent => {
      const at = end + gap;
      end = at + length;
      return { at, length };
    });
  });

function bytesOf(extents: readonly Extent[]): number[] {
  return extents.flatMap(({ at, length }) => Array.from({ length }, (_, place) => at + place));
}

Deno.test("what two lists have in common is every byte that both have, in order", () => {
  fc.assert(fc.property(list, list, (left, right) => {
    const others = new Set(bytesOf(right));
    deepEqual(bytesOf(common(left, right)), bytesOf(left).filter((byte) => others.has(byte)));
  }));
});

Deno.test("joined extents are the same bytes in order, with a gap between any two", () => {
  fc.assert(fc.property(list, (extents) => {
    const runs = joined(extents.toReversed());
    deepEqual(bytesOf(runs), bytesOf(extents));
    runs.slice(1).forEach(({ at }, place) => {
      const before = runs[place] as Extent;
      deepEqual(at > before.at + before.length, true);
    });
  }));
});
