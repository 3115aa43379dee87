/**
 * The block-wise functions against plain JavaScript, and the laws of the set digest.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { accumulateSetDigest, DIGEST_SIZE } from "../../../engine/core/ports/codec.ts";
import { BLOCK_MAX, loadKernel } from "../../../wasm/codec.ts";

const RUNS = { seed: 20_262, numRuns: 60 };
const kernel = loadKernel();

/** A buffer of blocks, many of them zero, and the size of its blocks. */
const blocks = fc.record({
  size: fc.constantFrom(1, 7, 16, 100, 128, 512, 4096, 10_000, 65_536),
  // 0: zero; 1 to 3: one byte set somewhere; more: filled.
  kinds: fc.array(fc.nat(5), { maxLength: 12 }),
  salt: fc.nat(),
}).map(({ size, kinds, salt }) => ({ size, bytes: fill(size, kinds, salt) }));

function fill(size: number, kinds: readonly number[], salt: number): Uint8Array {
  const bytes = new Uint8Array(size * kinds.length);
  for (const [index, kind] of kinds.entries()) {
    const block = bytes.subarray(index * size, (index + 1) * size);
    if (kind > 3) block.fill((salt % 255) + 1);
    else if (kind > 0) block[(salt * kind) % size] = kind;
  }
  return bytes;
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size));
  return list;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** BLAKE3-256(`at` as u64 LE ‖ block), or no bytes' worth of sum for a zero block. */
function term(at: number, block: Uint8Array): Uint8Array {
  if (isZero(block)) return new Uint8Array(DIGEST_SIZE);
  const run = new Uint8Array(8 + block.length);
  new DataView(run.buffer).setBigUint64(0, BigInt(at), true);
  run.set(block, 8);
  return kernel.digest(run);
}

function sum(terms: Iterable<Uint8Array>): Uint8Array {
  const total = new Uint8Array(DIGEST_SIZE);
  for (const one of terms) accumulateSetDigest(total, one, 1);
  return total;
}

Deno.test("isZero, zeroBlocks and blockDigests do what plain JavaScript does", () => {
  fc.assert(
    fc.property(blocks, ({ size, bytes }) => {
      const list = split(bytes, size);
      assert.equal(kernel.isZero(bytes), isZero(bytes));
      assert.deepEqual([...kernel.zeroBlocks(bytes, size)], list.map((one) => isZero(one) ? 1 : 0));
      const digests = list.flatMap((block) => [...kernel.digest(block)]);
      assert.deepEqual([...kernel.blockDigests(bytes, size)], digests);
    }),
    RUNS,
  );
});

Deno.test("differingBlocks marks exactly the blocks in which a byte differs", () => {
  const changes = fc.array(fc.nat(), { maxLength: 6 });
  fc.assert(
    fc.property(blocks, changes, ({ size, bytes }, places) => {
      const other = bytes.slice();
      for (const place of places) {
        if (other.length > 0) other[place % other.length]! ^= 1 << (place % 8);
      }
      const left = split(bytes, size);
      const right = split(other, size);
      const marks = left.map((one, index) => right[index]!.every((v, at) => v === one[at]) ? 0 : 1);
      assert.deepEqual([...kernel.differingBlocks(bytes, other, size)], marks);
    }),
    RUNS,
  );
});

Deno.test("one byte anywhere is seen by the zero test and by the comparison", () => {
  const zeros = new Uint8Array(300);
  for (let at = 0; at < zeros.length; at++) {
    const bytes = new Uint8Array(300);
    bytes[at] = 0x80;
    assert.equal(kernel.isZero(bytes), false);
    assert.deepEqual([...kernel.differingBlocks(bytes, zeros, 300)], [1]);
    assert.deepEqual([...kernel.zeroBlocks(bytes, 300)], [0]);
  }
});

Deno.test("the set digest is the sum of its blocks' terms and depends on their offsets (R6)", () => {
  const offset = fc.nat().map((value) => value * 4096 * 1024);
  fc.assert(
    fc.property(blocks, offset, ({ size, bytes }, at) => {
      const terms = split(bytes, size).map((block, index) => term(at + index * size, block));
      const whole = kernel.setDigest(at, bytes, size);
      assert.deepEqual(whole, sum(terms));
      assert.deepEqual(whole, sum(terms.toReversed()), "the order matters");
      const moved = kernel.setDigest(at + size, bytes, size);
      assert.equal(moved.every((value, lane) => value === whole[lane]), isZero(bytes));
    }),
    RUNS,
  );
});

Deno.test("blocks of 512 bytes, which are hashed four at a time, have the digests that they have one by one (R6)", () => {
  const content = fc.uint8Array({ minLength: 512, maxLength: 512 });
  const runs = fc.array(fc.oneof(content, fc.constant(new Uint8Array(512))), { maxLength: 11 });
  fc.assert(
    fc.property(runs, fc.nat(), (list, place) => {
      const at = place * 512;
      const bytes = new Uint8Array(list.flatMap((run) => [...run]));
      const digests = list.flatMap((run) => [...kernel.digest(run)]);
      assert.deepEqual([...kernel.blockDigests(bytes, 512)], digests);
      const terms = list.map((run, index) => term(at + index * 512, run));
      assert.deepEqual(kernel.setDigest(at, bytes, 512), sum(terms));
    }),
    RUNS,
  );
});

Deno.test("a block is taken out of a set digest and another put in its place (R6)", () => {
  fc.assert(
    fc.property(blocks, fc.nat(), ({ size, bytes }, choice) => {
      fc.pre(bytes.length > 0);
      const at = (choice % (bytes.length / size)) * size;
      const changed = bytes.slice();
      changed[at]! ^= 0x55;
      const running = kernel.setDigest(0, bytes, size);
      accumulateSetDigest(running, kernel.setDigest(at, bytes.subarray(at, at + size), size), -1);
      accumulateSetDigest(running, kernel.setDigest(at, changed.subarray(at, at + size), size), 1);
      assert.deepEqual(running, kernel.setDigest(0, changed, size));
    }),
    RUNS,
  );
});

Deno.test("offsets up to 2^53 count in full, and inputs larger than a piece are one", () => {
  const block = new Uint8Array(4096).fill(9);
  for (const at of [2 ** 32, 2 ** 45 + 4096, Number.MAX_SAFE_INTEGER - 4095]) {
    assert.deepEqual(kernel.setDigest(at, block, 4096), term(at, block));
  }
  const large = new Uint8Array((2 << 20) + 4096).fill(3);
  large.fill(0, 4096, 8192);
  const terms = split(large, 4096).map((one, index) => term(index * 4096, one));
  assert.deepEqual(kernel.setDigest(0, large, 4096), sum(terms));
  assert.deepEqual(kernel.zeroBlocks(large, 4096).indexOf(1), 1);
  const largest = new Uint8Array(2 * BLOCK_MAX).fill(1, BLOCK_MAX);
  assert.deepEqual([...kernel.zeroBlocks(largest, BLOCK_MAX)], [1, 0]);
  assert.deepEqual([...kernel.differingBlocks(largest, new Uint8Array(2 * BLOCK_MAX), BLOCK_MAX)], [
    0,
    1,
  ]);
});

Deno.test("what is no whole number of blocks, or no offset, is refused", () => {
  const bytes = new Uint8Array(1000);
  for (const size of [0, -1, 1.5, NaN, 300, BLOCK_MAX + 1]) {
    assert.throws(() => kernel.zeroBlocks(bytes, size), RangeError);
    assert.throws(() => kernel.blockDigests(bytes, size), RangeError);
    assert.throws(() => kernel.setDigest(0, bytes, size), RangeError);
    assert.throws(() => kernel.differingBlocks(bytes, bytes, size), RangeError);
  }
  for (const at of [-1, 0.5, 2 ** 53]) {
    assert.throws(() => kernel.setDigest(at, bytes, 100), RangeError);
  }
  assert.throws(() => kernel.differingBlocks(bytes, bytes.subarray(100), 100), RangeError);
});
