/**
 * Canonical JSON: one text per value, and nothing hostile gets in.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  asObject,
  canonicalBytes,
  canonicalText,
  type Json,
  JSON_DEPTH_MAX,
  parseCanonical,
} from "../../../../engine/core/base/json.ts";
import { encodeUtf8 } from "../../../../engine/core/base/utf8.ts";

const SEED = 20254;

const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, -1, "", Number.MAX_SAFE_INTEGER),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
  ),
})).value;

function parse(text: string): Json | undefined {
  return parseCanonical(encodeUtf8(text));
}

Deno.test("A value survives, and its text does not depend on the order of keys", () => {
  fc.assert(
    fc.property(values, (value) => {
      const back = parseCanonical(canonicalBytes(value));
      assert.ok(back !== undefined);
      assert.equal(canonicalText(back), canonicalText(value));
      assert.deepEqual(JSON.parse(canonicalText(value)), JSON.parse(JSON.stringify(value)));
    }),
    { seed: SEED, numRuns: 300 },
  );
  assert.equal(canonicalText({ b: 1, a: [true, null], c: undefined }), '{"a":[true,null],"b":1}');
});

Deno.test("Floats, numbers that are not safe, depth and damage are refused", () => {
  for (const text of ["1.5", "1e300", "9007199254740993", "{", "[1,]", "NaN", "", '{"a":0.1}']) {
    assert.equal(parse(text), undefined, text);
  }
  assert.equal(parseCanonical(Uint8Array.of(0x22, 0xff, 0x22)), undefined, "not UTF-8");
  const deep = "[".repeat(JSON_DEPTH_MAX) + "]".repeat(JSON_DEPTH_MAX);
  assert.ok(parse(deep) !== undefined);
  assert.equal(parse(`[[${deep}]]`), undefined);
  assert.equal(parse("[".repeat(1_000_000)), undefined, "never recursed into");
});

Deno.test("What can be read can be written again", () => {
  const deep = parse("[".repeat(JSON_DEPTH_MAX) + "]".repeat(JSON_DEPTH_MAX)) as Json;
  canonicalText(deep);
  const inner = parse("[".repeat(JSON_DEPTH_MAX) + "1" + "]".repeat(JSON_DEPTH_MAX));
  if (inner !== undefined) canonicalText(inner);
  const zero = parse("-0");
  if (zero !== undefined) assert.equal(canonicalText(zero), "0");
});

Deno.test("Keys that mean something to the language are only keys", () => {
  const value = parse('{"__proto__":{"a":1},"constructor":2}');
  assert.equal(canonicalText(value as Json), '{"__proto__":{"a":1},"constructor":2}');
  assert.equal(({} as { a?: number }).a, undefined);
  assert.equal(asObject([1]), undefined);
  assert.equal(asObject(null), undefined);
  assert.equal(asObject(undefined), undefined);
  assert.deepEqual(asObject({ a: 1 }), { a: 1 });
});

Deno.test("Brackets inside a text are no depth", () => {
  const quote = String.raw`\"`;
  for (const note of ["[".repeat(500), `${quote}[`.repeat(500), `"[`.repeat(500), "\\"]) {
    const value = parse(JSON.stringify({ note, after: [1] }));
    assert.deepEqual(value, { note, after: [1] });
  }
  assert.equal(parse(`{"a":"\\"${"[".repeat(500)}`), undefined);
});
