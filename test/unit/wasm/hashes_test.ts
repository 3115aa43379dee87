/**
 * XXH3-64 and BLAKE3-256 against published vectors and against another implementation.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createBLAKE3, createXXHash3 } from "hash-wasm";
import { loadKernel, newKernel } from "../../../wasm/codec.ts";

const SEED = 20_261;
const kernel = loadKernel();
const utf8 = new TextEncoder();

/** Input of BLAKE3's published vectors: 0, 1, … 250, 0, 1, … */
function vectorInput(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at % 251);
}

/** The length of input and the first 32 bytes of output in BLAKE3's test_vectors.json. */
const BLAKE3_VECTORS: readonly (readonly [number, string])[] = [
  [0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"],
  [1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"],
  [1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"],
  [1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"],
  [2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"],
  [102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"],
];

const XXH3_VECTORS: readonly (readonly [string, bigint])[] = [
  ["", 0x2d06800538d394c2n],
  ["a", 0xe6c632b61e964e1fn],
  ["abc", 0x78af5f94892f3950n],
];

Deno.test("digest gives BLAKE3's published vectors", () => {
  for (const [length, expected] of BLAKE3_VECTORS) {
    assert.equal(kernel.digest(vectorInput(length)).toHex(), expected, `${length} bytes`);
  }
});

Deno.test("checksum gives XXH3-64's published vectors", () => {
  for (const [text, expected] of XXH3_VECTORS) {
    assert.equal(kernel.checksum(utf8.encode(text)), expected, text);
  }
});

Deno.test("digest and checksum agree with hash-wasm at lengths where an algorithm changes", async () => {
  const [blake3, xxh3] = await Promise.all([createBLAKE3(), createXXHash3()]);
  const edges = [3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 512, 1023, 4096, 65_537]
    .concat([(1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 77]);
  for (const length of edges) {
    const input = vectorInput(length);
    assert.equal(kernel.digest(input).toHex(), blake3.init().update(input).digest());
    const expected = BigInt(`0x${xxh3.init().update(input).digest()}`);
    assert.equal(kernel.checksum(input), expected, `${length} bytes`);
  }
});

Deno.test("a hasher gives the digest of its pieces put together, however many are at work", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3000, size: "max" }), { maxLength: 5 });
  // More computations than the kernel has slots, so that they take each other's.
  const computations = fc.array(pieces, { minLength: 1, maxLength: 40, size: "max" });
  fc.assert(
    fc.property(computations, (all) => {
      const hashers = all.map(() => kernel.hasher());
      for (let turn = 0; turn < 5; turn++) {
        for (const [index, list] of all.entries()) {
          const piece = list[turn];
          if (piece !== undefined) hashers[index]!.update(piece);
        }
      }
      for (const [index, list] of all.entries()) {
        const whole = new Uint8Array(list.flatMap((piece) => [...piece]));
        assert.deepEqual(hashers[index]!.digest(), kernel.digest(whole));
        if (index % 2 === 0) hashers[index]!.free();
      }
    }),
    { seed: SEED, numRuns: 20 },
  );
});

Deno.test("a hasher goes on after a digest, and is refused once it is freed", () => {
  const hasher = kernel.hasher();
  hasher.update(vectorInput(500));
  assert.deepEqual(hasher.digest(), kernel.digest(vectorInput(500)));
  hasher.update(vectorInput(1024).subarray(500));
  assert.deepEqual(hasher.digest(), kernel.digest(vectorInput(1024)));
  hasher.free();
  assert.throws(() => hasher.update(new Uint8Array(1)), RangeError);
  assert.throws(() => hasher.digest(), RangeError);
});

Deno.test("hashers that nobody frees cost the kernel nothing (E3)", () => {
  const own = newKernel();
  const first = own.hasher();
  first.update(vectorInput(77));
  for (let count = 0; count < 20_000; count++) own.hasher().update(new Uint8Array(64));
  assert.deepEqual(first.digest(), own.digest(vectorInput(77)));
});
