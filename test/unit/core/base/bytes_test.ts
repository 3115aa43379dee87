/**
 * Fields written are read back; input of any shape never throws.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../../../engine/core/base/bytes.ts";

const SEED = 20252;

Deno.test("What a writer wrote a reader reads, little-endian", () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(65_535),
      fc.nat(0xffffffff),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      fc.maxSafeNat(),
      fc.uint8Array({ maxLength: 20 }),
      (a, b, c, d, e, raw) => {
        const writer = new ByteWriter(23 + raw.length);
        writer.u8(a).u16(b).u32(c).u64(d).safe64(e).raw(raw);
        assert.equal(writer.at, writer.bytes.length);
        const reader = new ByteReader(writer.bytes);
        assert.deepEqual(
          [reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.safe64()],
          [a, b, c, d, e],
        );
        assert.deepEqual(reader.bytes(raw.length), raw);
        assert.ok(reader.ok && reader.left === 0);
      },
    ),
    { seed: SEED },
  );
  assert.deepEqual([...new ByteWriter(4).u32(0x01020304).bytes], [4, 3, 2, 1]);
});

Deno.test("A reader of too few bytes gives zeros and says so, for good", () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3));
  assert.equal(reader.u16(), 0x0201);
  assert.equal(reader.u32(), 0);
  assert.equal(reader.u8(), 0, "nothing is read after the end was passed");
  assert.equal(reader.bytes(1).length, 0);
  assert.ok(!reader.ok);
  const negative = new ByteReader(Uint8Array.of(1, 2, 3));
  assert.equal(negative.bytes(-1).length, 0);
  assert.ok(!negative.ok);
});

Deno.test("A number above 2^53 - 1 is refused", () => {
  const bytes = new ByteWriter(16).u64((1n << 53n) - 1n).u64(1n << 53n).bytes;
  const reader = new ByteReader(bytes);
  assert.equal(reader.safe64(), Number.MAX_SAFE_INTEGER);
  assert.ok(reader.ok);
  assert.equal(reader.safe64(), 0);
  assert.ok(!reader.ok);
});

Deno.test("A reader stays inside the part it was given", () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4), 1, 3);
  assert.equal(reader.left, 2);
  assert.equal(reader.u16(), 0x0302);
  assert.equal(reader.u8(), 0);
  assert.ok(!reader.ok);
  const outer = Uint8Array.of(9, 9, 5, 0, 9).subarray(2, 4);
  assert.equal(new ByteReader(outer).u16(), 5, "a view into a larger buffer");
  const past = new ByteReader(Uint8Array.of(1), 5, 9);
  assert.equal(past.u8(), 0);
  assert.ok(!past.ok);
});

Deno.test("A writer never grows and takes no unsafe number", () => {
  assert.throws(() => new ByteWriter(3).u32(1));
  assert.throws(() => new ByteWriter(8).safe64(2 ** 53));
  assert.throws(() => new ByteWriter(8).safe64(-1));
  assert.throws(() => new ByteWriter(8).seek(9));
  assert.deepEqual([...new ByteWriter(3).seek(2).u8(7).bytes], [0, 0, 7]);
});
