/**
 * UTF-8 against the platform's, which tests may use.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8 } from "../../../../engine/core/base/utf8.ts";

const SEED = 20253;

function platform(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

Deno.test("Text is encoded as the platform encodes it", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(text, (given) => {
      const bytes = encodeUtf8(given);
      assert.deepEqual(bytes, new TextEncoder().encode(given));
      assert.equal(decodeUtf8(bytes), platform(bytes));
    }),
    { seed: SEED, numRuns: 150 },
  );
  assert.deepEqual(encodeUtf8("\ud800x"), new TextEncoder().encode("\ud800x"), "lone surrogate");
});

Deno.test("Any bytes are decoded, or refused, as the platform does", () => {
  const lead = fc.constantFrom(0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef);
  const rest = fc.constantFrom(0xf0, 0xf4, 0xf5, 0xff, 0x90, 0x8f, 0x9f, 0xa0);
  const bytes = fc.array(fc.oneof(lead, rest, fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(bytes, (list) => {
      const given = Uint8Array.from(list);
      assert.equal(decodeUtf8(given), platform(given));
    }),
    { seed: SEED, numRuns: 1500 },
  );
});

Deno.test("Long text comes back whole", () => {
  const text = "aé€😀".repeat(5000);
  assert.equal(decodeUtf8(encodeUtf8(text)), text);
});
