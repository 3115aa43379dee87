/**
 * Zstandard frames: round trips, exchange with the runtime's own codec, damage and hostility.
 *
 * @module
 */

import assert from "node:assert/strict";
import zlib from "node:zlib";
import fc from "fast-check";
import { makeBlock, SHAPES } from "../../../bench/codec_data.ts";
import { CONTENT_MAX, loadKernel, newKernel, simpleCodec } from "../../../wasm/codec.ts";

const SEED = 20_263;
const LEVELS = [1, 3] as const;
const kernel = loadKernel();

const level = fc.constantFrom(...LEVELS);
const content = fc.oneof(
  fc.uint8Array({ maxLength: 5000, size: "max" }),
  fc.record({
    shape: fc.constantFrom(...SHAPES),
    size: fc.nat(300_000),
    seed: fc.integer({ min: 1, max: 1000 }),
  }).map(({ shape, size, seed }) => makeBlock(shape, size, seed)),
);

/** Node's options for a frame like ours: one pass, the content's size in the header. */
function oneFrame(size: number) {
  return { pledgedSrcSize: size, chunkSize: Math.max(64, 2 * size) };
}

Deno.test("what was compressed is what is decompressed", () => {
  fc.assert(
    fc.property(content, level, (bytes, level) => {
      assert.deepEqual(kernel.decompress(kernel.compress(bytes, level), bytes.length), bytes);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

Deno.test("frames are exchanged with node:zlib both ways", () => {
  fc.assert(
    fc.property(content, level, (bytes, level) => {
      const frame = kernel.compress(bytes, level);
      assert.deepEqual(new Uint8Array(zlib.zstdDecompressSync(frame)), bytes);
      const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
      const native = zlib.zstdCompressSync(bytes, { ...oneFrame(bytes.length), params });
      assert.deepEqual(kernel.decompress(native, bytes.length), bytes);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

Deno.test("a frame states its content size and carries nothing else", () => {
  // RFC 8878, 3.1.1.1: single segment, sizes of 256 to 65,791 in two bytes less 256, no checksum.
  const frame = kernel.compress(makeBlock("text", 4096, 1), 1);
  assert.deepEqual([...frame.subarray(0, 7)], [0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x0f]);
});

Deno.test("a frame does not depend on what the kernel did before", () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 4 }), content, level, (before, bytes, level) => {
      const used = newKernel();
      for (const one of before) used.decompress(used.compress(one, 3), one.length);
      assert.deepEqual(used.compress(bytes, level), kernel.compress(bytes, level));
    }),
    { seed: SEED, numRuns: 25 },
  );
});

Deno.test("a damaged frame gives nothing, or exactly the length asked for", () => {
  const damage = fc.array(fc.record({ at: fc.nat(), bit: fc.nat(7) }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(content, level, damage, fc.nat(20), (bytes, level, places, cut) => {
      let frame = kernel.compress(bytes, level);
      for (const { at, bit } of places) frame[at % frame.length]! ^= 1 << bit;
      if (cut < 5) frame = frame.subarray(0, frame.length - cut);
      const result = kernel.decompress(frame, bytes.length);
      assert.ok(result === undefined || result.length === bytes.length);
    }),
    { seed: SEED, numRuns: 400 },
  );
  // The kernel still works after all that.
  const bytes = makeBlock("db", 65_536, 1);
  assert.deepEqual(kernel.decompress(kernel.compress(bytes, 1), bytes.length), bytes);
});

Deno.test("anything but one whole frame of the stated length gives nothing", () => {
  const bytes = makeBlock("text", 10_000, 1);
  const frame = kernel.compress(bytes, 1);
  const twice = new Uint8Array([...frame, ...frame]);
  const empty = kernel.compress(new Uint8Array(0), 1);
  const skippable = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]);
  assert.deepEqual(kernel.decompress(empty, 0), new Uint8Array(0));
  assert.equal(kernel.decompress(frame, 9_999), undefined);
  assert.equal(kernel.decompress(frame, 10_001), undefined);
  assert.equal(kernel.decompress(frame, 0), undefined);
  assert.equal(kernel.decompress(frame.subarray(0, -1), 10_000), undefined);
  assert.equal(kernel.decompress(new Uint8Array([...frame, 0]), 10_000), undefined);
  assert.equal(kernel.decompress(new Uint8Array([...frame, ...empty]), 10_000), undefined);
  assert.equal(kernel.decompress(twice, 20_000), undefined);
  assert.equal(kernel.decompress(skippable, 0), undefined);
  assert.equal(kernel.decompress(new Uint8Array([...skippable, ...frame]), 10_000), undefined);
  assert.equal(kernel.decompress(new Uint8Array(0), 0), undefined);
  for (const length of [-1, 0.5, NaN, Infinity, CONTENT_MAX + 1]) {
    assert.equal(kernel.decompress(frame, length), undefined, `${length}`);
  }
});

Deno.test("a bomb costs no more than the length asked for", () => {
  // 1 GiB of zeros in a frame of about 32 KiB: 8,192 blocks of 128 KiB, each one repeated byte.
  const header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
  const bomb = new Uint8Array(header.length + 8192 * 4);
  bomb.set(header);
  const view = new DataView(bomb.buffer);
  for (let block = 0; block < 8192; block++) {
    const last = block === 8191 ? 1 : 0;
    view.setUint32(header.length + block * 4, 131_072 << 3 | 1 << 1 | last, true);
  }
  assert.equal(kernel.decompress(bomb, 4096), undefined);
  assert.equal(kernel.decompress(bomb, CONTENT_MAX), undefined);
});

Deno.test("16 MiB pass in one frame, and not a byte more", () => {
  const own = newKernel();
  for (const shape of ["random", "zero"]) {
    const bytes = makeBlock(shape, CONTENT_MAX, 1);
    const result = own.decompress(own.compress(bytes, 3), CONTENT_MAX);
    assert.ok(result !== undefined && own.checksum(result) === own.checksum(bytes));
  }
  assert.throws(() => own.compress(new Uint8Array(CONTENT_MAX + 1), 1), RangeError);
  assert.equal(own.decompress(new Uint8Array(2 * CONTENT_MAX), CONTENT_MAX), undefined);
  // Memory that grew has moved the buffers: everything else still finds them.
  assert.equal(own.checksum(new Uint8Array(0)), 0x2d06800538d394c2n);
  assert.deepEqual(own.zeroBlocks(new Uint8Array(8192), 4096), new Uint8Array([1, 1]));
});

Deno.test("the simple codec's tasks finish at once with the kernel's results (E5)", () => {
  const codec = simpleCodec(kernel);
  const bytes = makeBlock("db", 8192, 1);
  const frame = codec.compress(bytes, 1).next();
  assert.deepEqual(frame, { done: true, value: kernel.compress(bytes, 1) });
  const content = codec.decompress(kernel.compress(bytes, 3), 8192).next();
  assert.deepEqual(content, { done: true, value: bytes });
  const sum = codec.setDigest(4096, bytes, 4096).next();
  assert.deepEqual(sum, { done: true, value: kernel.setDigest(4096, bytes, 4096) });
  const digests = codec.blockDigests(bytes, 4096).next();
  assert.deepEqual(digests, { done: true, value: kernel.blockDigests(bytes, 4096) });
});
