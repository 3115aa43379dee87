/**
 * The final extents of a delta: sorted, without overlap, the later record winning (R2).
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { DeltaRecords } from "../../../../engine/core/history/delta_records.ts";

const BLOCK = 512;
const BLOCKS = 40;

const record = fc.record({
  disk: fc.integer({ min: 0, max: 63 }).map((disk) => disk % 3 === 0 ? 63 : disk % 2),
  block: fc.integer({ min: 0, max: BLOCKS - 1 }),
  blocks: fc.integer({ min: 1, max: 12 }),
});

Deno.test("final extents give every block to the last record that has it (R2)", () => {
  const far = 2 ** 36 * BLOCK;
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), fc.boolean(), (list, high) => {
      const base = high ? far : 0;
      const records = new DeltaRecords(BLOCK);
      const owner = new Map<string, number>();
      for (const [number, { disk, block, blocks }] of list.entries()) {
        const at = base + block * BLOCK;
        const length = blocks * BLOCK;
        const checksum = BigInt(number);
        records.push({ disk, at, length, kind: "raw", offset: 0, stored: length, checksum });
        for (let each = 0; each < blocks; each++) owner.set(`${disk}/${at + each * BLOCK}`, number);
      }
      const found = new Map<string, number>();
      let last = { disk: 0, end: 0 };
      for (const piece of records.finalExtents()) {
        const ordered = piece.disk > last.disk ||
          (piece.disk === last.disk && piece.at >= last.end);
        assert.ok(ordered, "sorted and apart");
        last = { disk: piece.disk, end: piece.at + piece.length };
        const from = list[Number(piece.checksum)];
        assert.equal(piece.skip, piece.at - base - (from?.block ?? 0) * BLOCK);
        for (let at = piece.at; at < last.end; at += BLOCK) {
          found.set(`${piece.disk}/${at}`, Number(piece.checksum));
        }
      }
      assert.deepEqual([...found].sort(), [...owner].sort());
    }),
    { seed: 20262, numRuns: 500 },
  );
});
