/**
 * Indices of any size: what is found in them, how much is read for it, and damage to them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { HISTORY_BOUNDS } from "../../../../engine/core/history/bounds.ts";
import { directoryLevels } from "../../../../engine/core/history/extent_directory.ts";
import { ExtentFile } from "../../../../engine/core/history/extent_file.ts";
import { ExtentFileWriter } from "../../../../engine/core/history/extent_file_writer.ts";
import { FileAppender } from "../../../../engine/core/history/file_appender.ts";
import { HistoryCache } from "../../../../engine/core/history/history_cache.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";
import { FakeWorld } from "./fake_world.ts";

const BLOCK = 512;
const PAGE = 4;
const codec = simpleCodec(loadKernel());

/** A file whose index has every other block of two disks, `count` in all. */
function* written(world: FakeWorld, count: number): Task<void> {
  const file = yield* world.folder().open("index", { create: true });
  const writer = new ExtentFileWriter(new FileAppender(file, 0), codec.kernel, PAGE);
  for (let number = 0; number < count; number++) {
    const disk = number < count / 2 ? 0 : 1;
    const place = { kind: "zero", offset: 0, stored: 0, whole: 0, skip: 0 } as const;
    yield* writer.add({ disk, at: 2 * number * BLOCK, length: BLOCK, ...place, checksum: 0n });
  }
  yield* writer.finish({ name: "index" });
}

function* opened(world: FakeWorld, count: number, cacheBytes = 1 << 20): Task<ExtentFile> {
  const cache = new HistoryCache(cacheBytes, { ...HISTORY_BOUNDS, pageEntries: PAGE });
  const context = { codec, cache, sizes: [2 * count * BLOCK, 2 * count * BLOCK], blockSize: BLOCK };
  const file = yield* world.folder().open("index");
  return yield* ExtentFile.open(context, file, "index");
}

for (const count of [0, 1, 4, 5, 16, 17, 64, 65, 257, 1025]) {
  Deno.test(`an index of ${count} entries in pages of 4 gives back each of them (R5)`, () => {
    const world = new FakeWorld(1);
    world.run(function* () {
      yield* written(world, count);
      const file = yield* opened(world, count);
      assert.equal(file.pages, Math.ceil(count / PAGE));
      let walked = 0;
      for (let index = 0; index < file.pages; index++) {
        const page = yield* file.page(index);
        for (let place = 0; place < page.count; place++) {
          assert.equal(page.entry(place).at, 2 * walked++ * BLOCK);
        }
      }
      assert.equal(walked, count);
      for (let number = 0; number < count; number++) {
        const disk = number < count / 2 ? 0 : 1;
        const at = 2 * number * BLOCK;
        const found = yield* file.overlapping(disk, at, at + 2 * BLOCK);
        assert.deepEqual(found.map((entry) => [entry.disk, entry.at]), [[disk, at]]);
        assert.deepEqual(yield* file.overlapping(1 - disk, at, at + BLOCK), []);
      }
      for (const disk of [0, 1]) {
        let own = 0;
        yield* file.entriesOf(disk, (entry) => own += Number(entry.disk === disk));
        assert.equal(own, disk === 0 ? Math.ceil(count / 2) : Math.floor(count / 2));
      }
    }());
  });
}

Deno.test("a lookup reads one page of each level, whatever the size of the index (R5)", () => {
  const world = new FakeWorld(2);
  const count = 4000;
  world.run(written(world, count));
  const levels = directoryLevels(Math.ceil(count / PAGE), PAGE);
  assert.deepEqual(levels, [1000, 250, 63, 16, 4]);
  const file = world.run(opened(world, count, 1));
  let reads = 0;
  world.onCall = (call) => void (reads += Number(call === "read"));
  for (const number of [0, 1, 777, 1999]) {
    reads = 0;
    const at = 2 * number * BLOCK;
    assert.equal(world.run(file.overlapping(0, at, at + BLOCK)).length, 1);
    // Without a cache a page is looked for from the root: downwards, for its own line, for itself.
    assert.ok(reads <= levels.length ** 2, `${reads} reads`);
  }
});

Deno.test("a bit that flips anywhere in an index is found before what it says is believed", () => {
  const count = 100;
  const probe = new FakeWorld(3);
  probe.run(written(probe, count));
  let found = 0;
  for (let at = 0; at < probe.bytes("index").length; at += 61) {
    const world = new FakeWorld(3);
    world.run(written(world, count));
    (world.bytes("index")[at] as number) ^= 4;
    try {
      const file = world.run(opened(world, count));
      for (let number = 0; number < count; number++) {
        const disk = number < count / 2 ? 0 : 1;
        const place = 2 * number * BLOCK;
        assert.equal(world.run(file.overlapping(disk, place, place + BLOCK)).length, 1);
      }
    } catch (error) {
      assert.ok(isFailed(error, "damaged"), String(error));
      found++;
    }
  }
  assert.equal(found, Math.ceil(probe.bytes("index").length / 61));
});
