/**
 * The codec on other threads: results are the kernel's, whoever does the work.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Task } from "../../engine/core/runtime/task.ts";
import { all } from "../../engine/core/runtime/together.ts";
import { CodecPool, type CodecPoolOptions } from "../../engine/host/codec_pool.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import { loadKernel } from "../../wasm/codec.ts";

const MiB = 1024 * 1024;
const kernel = loadKernel();

async function withPool(
  work: (codec: CodecPool) => Task<void>,
  options?: CodecPoolOptions,
): Promise<void> {
  const codec = new CodecPool(kernel, options);
  try {
    await runTask(realLoop(), work(codec));
  } finally {
    codec.close();
  }
}

/** Text-like bytes that compress, different for every `seed`. */
function content(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed + 1;
  for (let at = 0; at < size; at++) {
    state = (state * 1103515245 + 12345) >>> 0;
    bytes[at] = at % 3 === 0 ? state >>> 24 : 0x20 + (at & 31);
  }
  return bytes;
}

Deno.test("frames of either compressor are read by the kernel and by the pool, at every size", () =>
  withPool(function* (codec) {
    for (const size of [1, 4096, 65_535, 65_536, 200_000, MiB, MiB + 70_000]) {
      for (const level of [1, 3] as const) {
        for (const bytes of [content(size, level), new Uint8Array(size), random(size)]) {
          const frame = yield* codec.compress(bytes, level);
          assert.deepEqual(kernel.decompress(frame, size), bytes, `kernel, ${size} bytes`);
          assert.deepEqual(yield* codec.decompress(frame, size), bytes, `pool, ${size} bytes`);
        }
      }
    }
  }));

Deno.test("digests are the kernel's, on whatever thread", () =>
  withPool(function* (codec) {
    for (const size of [4096, MiB, 2 * MiB]) {
      const bytes = content(size, 5);
      assert.deepEqual(
        yield* codec.setDigest(8192, bytes, 4096),
        kernel.setDigest(8192, bytes, 4096),
      );
      assert.deepEqual(yield* codec.blockDigests(bytes, 4096), kernel.blockDigests(bytes, 4096));
    }
  }));

Deno.test("what is sealed is the kernel's, and opens in its own box alone, on whatever thread", () =>
  withPool(function* (codec) {
    const box = { key: random(32), nonce: random(24), bound: random(80) };
    for (const size of [0, 4096, 65_536, 131_072, MiB + 24, MiB + 65_536, 2 * MiB]) {
      const bytes = content(size, 7);
      const sealed = yield* codec.seal(box, bytes);
      assert.deepEqual(sealed, kernel.seal(box, bytes), `${size} bytes`);
      assert.deepEqual(yield* codec.open(box, sealed), bytes, `${size} bytes`);
      assert.equal(yield* codec.open({ ...box, bound: random(80) }, sealed), undefined);
      sealed[size >> 1] = (sealed[size >> 1] ?? 0) ^ 1;
      assert.equal(yield* codec.open(box, sealed), undefined);
    }
  }));

Deno.test("what is unpacked is checked and digested, on whatever thread", () =>
  withPool(function* (codec) {
    for (const size of [4096, 200_704, MiB]) {
      const bytes = content(size, 6);
      const packed = { length: size, checksum: kernel.checksum(bytes) };
      const blocks = { at: 8192, blockSize: 4096 };
      const setDigest = kernel.setDigest(8192, bytes, 4096);
      const frames = [yield* codec.compress(bytes, 1), kernel.compress(bytes, 3)];
      for (const payload of [...frames, bytes]) {
        const whole = { ...packed, payload, compressed: payload !== bytes };
        const all = yield* codec.unpack({ ...whole, blocks });
        assert.deepEqual(all, { content: bytes, setDigest });
        const plain = yield* codec.unpack({ ...whole, blocks: undefined });
        assert.deepEqual(plain, { content: bytes, setDigest: undefined });
        const wrong = { ...whole, blocks, checksum: packed.checksum ^ 1n };
        assert.equal(yield* codec.unpack(wrong), undefined, "another checksum");
      }
    }
  }));

Deno.test("many large pieces at once share the slots, and each gets its own result", () =>
  withPool(function* (codec) {
    const pieces = Array.from({ length: 20 }, (_, seed) => content(MiB, seed));
    const frames = yield* all("compress", pieces.map((piece) => codec.compress(piece, 1)));
    for (const [at, frame] of frames.entries()) {
      assert.deepEqual(kernel.decompress(frame, MiB), pieces[at]);
    }
  }));

Deno.test("a damaged, longer, shorter or double frame gives nothing", () =>
  withPool(function* (codec) {
    const bytes = content(MiB, 1);
    const frame = yield* codec.compress(bytes, 1);
    const longer = new Uint8Array(frame.length + 1);
    longer.set(frame);
    const double = new Uint8Array(2 * frame.length);
    double.set(frame);
    double.set(frame, frame.length);
    const damaged = frame.slice();
    damaged[5] = damaged[5]! ^ 0xff;
    for (
      const [what, bad, length] of [
        ["longer", longer, MiB],
        ["double", double, MiB],
        ["cut", frame.subarray(0, frame.length - 1), MiB],
        ["damaged", damaged, MiB],
        ["told too short", frame, MiB - 1],
        ["told too long", frame, MiB + 1],
      ] as const
    ) {
      assert.equal(yield* codec.decompress(bad, length), undefined, what);
    }
  }));

Deno.test("without threads all work is done here", () =>
  withPool(function* (codec) {
    const bytes = content(MiB, 1);
    const frame = yield* codec.compress(bytes, 3);
    assert.deepEqual(yield* codec.decompress(frame, MiB), bytes);
  }, { workers: 0 }));

Deno.test("workers that cannot run are told of once each, and all work is done here", async () => {
  const troubles: Error[] = [];
  const options = {
    workerUrl: new URL("data:text/javascript,throw new Error('no worker')"),
    onTrouble: (error: Error) => troubles.push(error),
  };
  await withPool(function* (codec) {
    const pieces = Array.from({ length: 10 }, (_, seed) => content(MiB, seed));
    const frames = yield* all("compress", pieces.map((piece) => codec.compress(piece, 1)));
    for (const [at, frame] of frames.entries()) {
      assert.deepEqual(yield* codec.decompress(frame, MiB), pieces[at]);
    }
  }, options);
  assert.equal(troubles.length, 2);
});

function random(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}
