/**
 * The final extents of a delta: sorted, without overlap, the later record winning (R2), whatever part of
 * the records memory has no room for.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { CACHE_BYTES, HISTORY_BOUNDS } from "../../../../engine/core/history/bounds.ts";
import { DeltaRecords } from "../../../../engine/core/history/delta_records.ts";
import type { IndexEntry } from "../../../../engine/core/history/extent_index.ts";
import { HistoryCache } from "../../../../engine/core/history/history_cache.ts";
import type { DeltaRecord } from "../../../../engine/core/history/record_buffer.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";
import { FakeWorld } from "./fake_world.ts";

const BLOCK = 512;
const BLOCKS = 40;
const codec = simpleCodec(loadKernel());

const record = fc.record({
  disk: fc.integer({ min: 0, max: 63 }).map((disk) => disk % 3 === 0 ? 63 : disk % 2),
  block: fc.integer({ min: 0, max: BLOCKS - 1 }),
  blocks: fc.integer({ min: 1, max: 12 }),
});
type Drawn = ReturnType<typeof record.generate>["value"];

/** Records of one delta with `memory` of them in memory, and where the next payload would begin. */
class Records {
  readonly world = new FakeWorld(7);
  readonly records: DeltaRecords;
  readonly list: DeltaRecord[] = [];

  constructor(memory: number) {
    const bounds = { ...HISTORY_BOUNDS, recordsInMemory: memory, runsMerged: 3 };
    const cache = new HistoryCache(CACHE_BYTES, bounds);
    const context = { codec, cache, blockSize: BLOCK };
    this.records = new DeltaRecords(context, this.world.folder(), "d.runs");
  }

  add({ disk, block, blocks }: Drawn, base = 0): void {
    const number = this.list.length;
    const at = base + block * BLOCK;
    const length = blocks * BLOCK;
    const checksum = BigInt(number);
    const offset = 100 * (number + 1);
    const added = { disk, at, length, kind: "raw", offset, stored: length, checksum } as const;
    this.world.run(this.records.add(added));
    this.list.push(added);
  }

  /** Only the first `count` were ever added. */
  rewind(count: number): void {
    this.records.rewind(100 * count);
    this.list.length = count;
  }

  /** Fails unless every block is the last record's that has it, in order and with no overlap. */
  check(): void {
    const owner = new Map<string, number>();
    for (const [number, { disk, at, length }] of this.list.entries()) {
      for (let each = 0; each < length; each += BLOCK) owner.set(`${disk}/${at + each}`, number);
    }
    const found = new Map<string, number>();
    let last = { disk: 0, end: 0 };
    for (const piece of this.extents()) {
      const ordered = piece.disk > last.disk || (piece.disk === last.disk && piece.at >= last.end);
      assert.ok(ordered, "sorted and apart");
      last = { disk: piece.disk, end: piece.at + piece.length };
      const from = this.list[Number(piece.checksum)] as DeltaRecord;
      assert.equal(piece.skip, piece.at - from.at);
      assert.equal(piece.whole, from.length);
      assert.equal(piece.offset, from.offset);
      for (let at = piece.at; at < last.end; at += BLOCK) {
        found.set(`${piece.disk}/${at}`, Number(piece.checksum));
      }
    }
    assert.deepEqual([...found].sort(), [...owner].sort());
  }

  extents(): IndexEntry[] {
    const found: IndexEntry[] = [];
    // deno-lint-ignore require-yield -- whoever takes an extent may have to write it
    const take = function* (extent: IndexEntry): Task<void> {
      found.push(extent);
    };
    this.world.run(this.records.finalExtents(take));
    return found;
  }
}

Deno.test("final extents give every block to the last record that has it (R2)", () => {
  const far = 2 ** 36 * BLOCK;
  const memory = fc.constantFrom(1, 2, 5, 100);
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), fc.boolean(), memory, (list, high, most) => {
      const records = new Records(most);
      for (const each of list) records.add(each, high ? far : 0);
      records.check();
      // Whoever could not write them seals again.
      records.check();
      records.world.run(records.records.close());
      assert.deepEqual(records.world.names(), []);
    }),
    { seed: 20262, numRuns: 500 },
  );
});

Deno.test("records that are taken back are not in the final extents, wherever they lay (R1)", () => {
  const lives = fc.array(fc.tuple(fc.array(record, { maxLength: 12 }), fc.integer({ min: 0 })), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(lives, fc.constantFrom(1, 2, 5, 100), (turns, memory) => {
      const records = new Records(memory);
      for (const [list, pick] of turns) {
        for (const each of list) records.add(each);
        records.rewind(pick % (records.list.length + 1));
      }
      records.check();
    }),
    { seed: 20263, numRuns: 300 },
  );
});

Deno.test("one record hides what lies under it, and is not cut in pieces by it", () => {
  const records = new Records(2);
  for (let block = 0; block < 8; block++) records.add({ disk: 0, block, blocks: 2 });
  records.add({ disk: 0, block: 0, blocks: 9 });
  assert.deepEqual(records.extents().map(({ at, length }) => [at, length]), [[0, 9 * BLOCK]]);
});

Deno.test("runs of several pages are merged as those of one", () => {
  const records = new Records(1500);
  for (let number = 0; number < 4000; number++) {
    records.add({ disk: number % 2, block: (number * 7919) % 3001, blocks: 1 + number % 3 });
  }
  assert.equal(records.world.bytes("d.runs").length, 2 * (1500 * 48 + 3 * 8));
  records.check();
});

Deno.test("a damaged page of a run is found before a record of it is believed", () => {
  for (const harm of ["flip", "unreadable", "cut"] as const) {
    const records = new Records(3);
    for (let block = 0; block < 7; block++) records.add({ disk: 0, block, blocks: 1 });
    const inode = records.world.inode("d.runs");
    if (harm === "flip") (inode.data[20] as number) ^= 1;
    else if (harm === "unreadable") inode.bad.add(0);
    else inode.resize(inode.data.length - 1);
    assert.throws(() => records.extents(), (error) => isFailed(error, "damaged"), harm);
  }
});

Deno.test("a record for which there is no room beside memory is not there, and all others are", () => {
  const records = new Records(3);
  for (let block = 0; block < 3; block++) records.add({ disk: 0, block, blocks: 1 });
  records.world.space = 10;
  assert.throws(() => records.add({ disk: 0, block: 5, blocks: 1 }), (error) => {
    return isFailed(error, "no-space");
  });
  records.check();
  records.world.space = undefined;
  records.add({ disk: 0, block: 6, blocks: 1 });
  records.check();
});
