/**
 * What the headers of a frame say decides who decompresses it: one sole frame of the stated size, or
 * anything else.
 *
 * @module
 */

import assert from "node:assert/strict";
import { constants, zstdCompressSync } from "node:zlib";
import { isSoleFrame } from "../../engine/host/zstandard_frame.ts";
import { loadKernel } from "../../wasm/codec.ts";

const SIZES = [1, 255, 256, 300, 65_535, 65_792, 131_072, 300_000, 1_048_576];

function bytesOf(size: number): Uint8Array {
  return new Uint8Array(size).map((_, at) => (at * 2_654_435_761) >>> (at & 15));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("a frame of any size, with a checksum or without, is told with its size", () => {
  for (const size of SIZES) {
    for (const content of [bytesOf(size), new Uint8Array(size)]) {
      const params = { [constants.ZSTD_c_checksumFlag]: 1 };
      const options = { params, pledgedSrcSize: size, chunkSize: size + 4096 };
      const frames = [loadKernel().compress(content, 1), zstdCompressSync(content, options)];
      for (const frame of frames) {
        assert.equal(isSoleFrame(frame, size), true, `${size} bytes`);
        assert.equal(isSoleFrame(frame, size + 1), false, "another size");
      }
    }
  }
});

Deno.test("what is cut, longer, double, skippable or states no size is not", () => {
  const content = bytesOf(100_000);
  const frame = loadKernel().compress(content, 1);
  for (let length = 0; length < frame.length; length += 997) {
    assert.equal(isSoleFrame(frame.subarray(0, length), content.length), false, `${length} bytes`);
  }
  assert.equal(isSoleFrame(frame.subarray(0, frame.length - 1), content.length), false);
  assert.equal(isSoleFrame(joined(frame, new Uint8Array(1)), content.length), false);
  assert.equal(isSoleFrame(joined(frame, frame), content.length), false);
  const skippable = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  assert.equal(isSoleFrame(joined(skippable, frame), content.length), false);
  assert.equal(isSoleFrame(zstdCompressSync(content), content.length), false, "no size stated");
});
