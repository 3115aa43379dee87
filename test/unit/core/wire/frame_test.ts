/**
 * Frames, extents and comparisons: what is sound comes through, and nothing else.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { FRAME_PAYLOAD_MAX } from "../../../../engine/core/base/limits.ts";
import { release } from "../../../../engine/core/base/release.ts";
import { MiB } from "../../../../engine/core/base/units.ts";
import { runNow } from "../../../../engine/core/runtime/task.ts";
import {
  decodeCompare,
  decodeCompared,
  encodeCompare,
  encodeCompared,
  unitDiffers,
} from "../../../../engine/core/wire/compare.ts";
import {
  decodeExtent,
  encodeExtent,
  extentContent,
  type StagedExtent,
} from "../../../../engine/core/wire/extent.ts";
import { encodeFrame, FrameDecoder, type FrameType } from "../../../../engine/core/wire/frame.ts";
import { isMalformed } from "../../../../engine/core/wire/malformed.ts";
import { Outbox } from "../../../../engine/core/wire/outbox.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";
import { COMPARE_SAMPLE, COMPARED_SAMPLE, rawExtent, zeroExtent, zstdExtent } from "./samples.ts";
import { WireWorld } from "./wire_world.ts";

const kernel = loadKernel();
const SEED = 20;

function frames(
  decoder: FrameDecoder,
): { type: FrameType; channel: number; payload: Uint8Array }[] {
  const found = [];
  for (let next = decoder.next(); next.kind !== "need-more"; next = decoder.next()) {
    assert.equal(next.kind, "frame");
    if (next.kind === "frame") found.push(next);
  }
  return found;
}

Deno.test("frames come out as they went in, wherever the bytes are cut", () => {
  const types: readonly FrameType[] = ["control", "extent", "compare", "compared"];
  const frame = fc.record({
    type: fc.constantFrom(...types),
    channel: fc.nat(65_535),
    payload: fc.uint8Array({ maxLength: 300 }),
  }, { noNullPrototype: true });
  const property = fc.property(
    fc.array(frame, { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
    (sent, cuts) => {
      const stream = sent.flatMap(({ type, channel, payload }) => [
        ...encodeFrame(kernel, type, channel, payload),
      ]);
      const decoder = new FrameDecoder(kernel);
      const received = [];
      let cut = 0;
      for (let at = 0; at < stream.length;) {
        const size = cuts[cut++ % cuts.length]!;
        decoder.push(new Uint8Array(stream.slice(at, at + size)));
        if (cut % 2 === 0) received.push(...frames(decoder));
        at += size;
      }
      received.push(...frames(decoder));
      const plain = received.map(({ type, channel, payload }) => ({ type, channel, payload }));
      assert.deepEqual(plain, sent);
      assert.equal(decoder.held, 0);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 300 });
});

Deno.test("a small frame does not keep the large chunk it came in, a large one is not copied", () => {
  const decoder = new FrameDecoder(kernel);
  const small = encodeFrame(kernel, "extent", 1, new Uint8Array(100));
  const chunk = new Uint8Array(64 * 1024);
  chunk.set(small);
  decoder.push(chunk.subarray(0, small.length));
  const [first] = frames(decoder);
  assert.notEqual(first?.payload.buffer, chunk.buffer);
  const large = encodeFrame(kernel, "extent", 1, new Uint8Array(60_000));
  decoder.push(large);
  const [second] = frames(decoder);
  assert.equal(second?.payload.buffer, large.buffer);
});

Deno.test("chunks that were read are told of, but for one that a frame lies in", () => {
  const told: Uint8Array[] = [];
  const decoder = new FrameDecoder(kernel, (chunk) => told.push(chunk));
  const large = encodeFrame(kernel, "extent", 1, new Uint8Array(100_000));
  const small = encodeFrame(kernel, "extent", 1, new Uint8Array(5000));
  const chunks = [large.slice(0, 60_000), large.slice(60_000), small, large];
  const payloads = chunks.flatMap((chunk) => {
    decoder.push(chunk);
    return frames(decoder).map(({ payload }) => payload);
  });
  assert.deepEqual(told, [chunks[0], chunks[1], large], "the small frame is used where it lies");
  assert.deepEqual(payloads.map(({ length }) => length), [100_000, 5000, 100_000]);
  for (const payload of [payloads[0]!, payloads[2]!]) {
    release(payload);
    assert.equal(payload.length, 0);
  }
  assert.equal(large.length, 100_016, "a large frame never lies in a chunk");
});

Deno.test("a frame that is given back takes nothing with it that follows in its chunk", () => {
  const decoder = new FrameDecoder(kernel);
  const sizes = [40_000, 20_000, 3000, 50_000, 9000];
  const sent = sizes.flatMap((size) => [...encodeFrame(kernel, "extent", 1, filled(size))]);
  const found: number[] = [];
  // The runtime reads 64 KiB at a time.
  for (let at = 0; at < sent.length; at += 65_536) {
    decoder.push(new Uint8Array(sent.slice(at, at + 65_536)));
    for (let next = decoder.next(); next.kind !== "need-more"; next = decoder.next()) {
      assert.equal(next.kind, "frame");
      if (next.kind !== "frame") continue;
      assert.deepEqual(next.payload, filled(next.payload.length));
      found.push(next.payload.length);
      release(next.payload);
    }
  }
  assert.deepEqual(found, sizes);
});

Deno.test("a large frame is given back once it was written", () => {
  const world = new WireWorld();
  const [near, far] = world.pair();
  const outbox = new Outbox();
  const [large, small] = [filled(100_000), filled(100)];
  outbox.put(large);
  outbox.put(small);
  outbox.finish();
  world.loop.start("write", outbox.writeTo(near));
  world.loop.drain();
  assert.deepEqual([large.length, small.length], [0, 100]);
  const read = world.loop.start("read", far.read());
  world.loop.drain();
  assert.deepEqual(read.outcome, { ok: true, value: filled(100_000) });
});

function filled(size: number): Uint8Array {
  return new Uint8Array(size).fill(7);
}

Deno.test("a megabyte that arrives byte by byte costs no more than its bytes", () => {
  const bytes = encodeFrame(kernel, "extent", 1, new Uint8Array(MiB));
  const decoder = new FrameDecoder(kernel);
  for (let at = 0; at < bytes.length; at++) {
    decoder.push(bytes.slice(at, at + 1));
    assert.equal(decoder.next().kind, at === bytes.length - 1 ? "frame" : "need-more");
  }
});

Deno.test("a header that lies ends it before memory is set aside", () => {
  const lies: [number, number][] = [[0, 2], [1, 2], [1, 5], [7, 0xff], [6, 0x11], [8, 1]];
  for (const [at, value] of lies) {
    const bytes = encodeFrame(kernel, "extent", 1, new Uint8Array(8));
    bytes[at] = (bytes[at] ?? 0) ^ value;
    for (const size of [bytes.length, 1]) {
      const decoder = new FrameDecoder(kernel);
      for (let start = 0; start < bytes.length; start += size) {
        decoder.push(bytes.slice(start, start + size));
        decoder.next();
      }
      const next = decoder.next();
      assert.equal(next.kind, "invalid", `byte ${at}`);
      decoder.push(new Uint8Array(MiB));
      assert.equal(decoder.next(), next);
      assert.equal(decoder.held, 0);
    }
  }
  const control = new FrameDecoder(kernel);
  const head = encodeFrame(kernel, "extent", 0, new Uint8Array(FRAME_PAYLOAD_MAX)).slice(0, 16);
  head[1] = 1;
  control.push(head);
  assert.equal(control.next().kind, "invalid");
});

Deno.test("extents come out as they went in, and their content is checked", () => {
  const codec = simpleCodec(kernel);
  for (const extent of [rawExtent(512, 4096), zeroExtent(0, MiB), zstdExtent(2 ** 40, 65_536)]) {
    const decoded = decodeExtent(encodeExtent(extent));
    assert.deepEqual(decoded, extent);
    const content = runNow(extentContent(codec, decoded as StagedExtent));
    assert.equal(content?.content.length, extent.kind === "zero" ? undefined : extent.length);
    if (content === undefined) continue;
    const wrong = { ...extent, checksum: extent.checksum ^ 1n };
    assert.throws(() => runNow(extentContent(codec, wrong)), (error) => isFailed(error, "damaged"));
  }
});

Deno.test("an extent that cannot be is malformed", () => {
  const sound = encodeExtent(rawExtent(0, 512));
  const changes: ((view: DataView) => void)[] = [
    (view) => view.setUint16(0, 64, true),
    (view) => view.setUint8(2, 3),
    (view) => view.setUint8(2, 0),
    (view) => view.setUint8(2, 2),
    (view) => view.setUint8(3, 1),
    (view) => view.setUint32(4, 0, true),
    (view) => view.setUint32(4, 513, true),
    (view) => view.setUint32(4, MiB + 1, true),
    (view) => view.setUint32(12, 0x4000, true),
    (view) => view.setUint32(12, 0xffffffff, true),
  ];
  for (const change of changes) {
    const record = sound.slice();
    change(new DataView(record.buffer));
    assert(isMalformed(decodeExtent(record)), String(change));
  }
  for (const end of [0, 23, 24, sound.length - 1]) {
    assert(isMalformed(decodeExtent(sound.subarray(0, end))));
  }
});

Deno.test("comparisons come out as they went in, and others are malformed", () => {
  assert.deepEqual(decodeCompare(encodeCompare(COMPARE_SAMPLE)), COMPARE_SAMPLE);
  const compared = decodeCompared(encodeCompared(COMPARED_SAMPLE));
  assert.deepEqual(compared, COMPARED_SAMPLE);
  const differing = [0, 1, 2, 3, 8].filter((unit) => unitDiffers(COMPARED_SAMPLE, unit));
  assert.deepEqual(differing, [1, 3, 8]);
  const bad: [number, number][] = [[0, 255], [2, 1], [5, 0], [8, 1], [16, 8], [16, 255], [15, 255]];
  for (const [at, value] of bad) {
    for (const sound of [encodeCompare(COMPARE_SAMPLE), encodeCompared(COMPARED_SAMPLE)]) {
      const payload = sound.slice();
      payload[at] = value;
      const decode = sound.length > 40 ? decodeCompare : decodeCompared;
      if (decode === decodeCompared && value === 8) continue;
      assert(isMalformed(decode(payload)), `byte ${at}`);
    }
  }
  const unused = encodeCompared(COMPARED_SAMPLE);
  unused[unused.length - 1] = 2;
  assert(isMalformed(decodeCompared(unused)));
});
