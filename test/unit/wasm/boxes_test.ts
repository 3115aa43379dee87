/**
 * What is sealed is XChaCha20-Poly1305, as its authors wrote it down, and opens in its own box alone.
 *
 * @module
 */

import { deepEqual, equal, throws } from "node:assert/strict";
import { fromHex, toHex } from "../../../engine/core/base/units.ts";
import { encodeUtf8 } from "../../../engine/core/base/utf8.ts";
import type { Box } from "../../../engine/core/ports/codec.ts";
import { openByRuntime, sealByRuntime } from "../../../engine/host/runtime_box.ts";
import { loadKernel } from "../../../wasm/codec.ts";

const kernel = loadKernel();
/** Both of those who seal: the kernel of every world, and the cipher of the runtime. */
const WAYS = [
  {
    name: "kernel",
    seal: (box: Box, content: Uint8Array) => kernel.seal(box, content),
    open: (box: Box, sealed: Uint8Array) => kernel.open(box, sealed),
  },
  { name: "runtime", seal: sealByRuntime, open: openByRuntime },
];

/** draft-irtf-cfrg-xchacha-03, A.3.1. */
const VECTOR = {
  box: {
    key: bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
    nonce: bytes("404142434445464748494a4b4c4d4e4f5051525354555657"),
    bound: bytes("50515253c0c1c2c3c4c5c6c7"),
  },
  content: encodeUtf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
  sealed: "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb" +
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452" +
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
};

function bytes(hex: string): Uint8Array {
  const value = fromHex(hex);
  if (value === undefined) throw new Error("no hex digits");
  return value;
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
}

for (const { name, seal, open } of WAYS) {
  Deno.test(`the ${name} seals what the authors of XChaCha20-Poly1305 sealed`, () => {
    equal(toHex(seal(VECTOR.box, VECTOR.content)), VECTOR.sealed);
    deepEqual(open(VECTOR.box, bytes(VECTOR.sealed)), VECTOR.content);
  });

  Deno.test(`the ${name} opens nothing of which a bit is another, or the box, or the length`, () => {
    const { box } = VECTOR;
    const content = pattern(100);
    const sealed = seal(box, content);
    for (let at = 0; at < sealed.length; at++) {
      const other = sealed.slice();
      other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
      equal(open(box, other), undefined, `byte ${at}`);
    }
    for (const field of ["key", "nonce", "bound"] as const) {
      for (let at = 0; at < box[field].length; at++) {
        const other = box[field].slice();
        other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
        equal(open({ ...box, [field]: other }, sealed), undefined, `${field}, byte ${at}`);
      }
    }
    for (let length = 0; length < sealed.length; length += 5) {
      equal(open(box, sealed.subarray(0, length)), undefined, `${length} bytes of it`);
    }
    equal(open(box, Uint8Array.of(...sealed, 0)), undefined, "a byte more");
  });
}

Deno.test("kernel and runtime seal the same bytes at every size, and open each other's", () => {
  const box = { ...VECTOR.box, bound: pattern(80) };
  for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 4120, 65_536, 1_048_600]) {
    const content = pattern(length + 3).subarray(3);
    const [own, other] = WAYS.map(({ seal }) => seal(box, content)) as [Uint8Array, Uint8Array];
    deepEqual(own, other, `${length} bytes`);
    for (const { open } of WAYS) deepEqual(open(box, own), content.slice(), `${length} bytes`);
  }
});

Deno.test("a key or a nonce of another length is a bug of the caller", () => {
  const { box, content } = VECTOR;
  for (const { seal } of WAYS) {
    throws(() => seal({ ...box, key: box.key.subarray(1) }, content), RangeError);
    throws(() => seal({ ...box, nonce: box.nonce.subarray(1) }, content), RangeError);
  }
});
