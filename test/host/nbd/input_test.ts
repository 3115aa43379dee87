/**
 * Receiving: every byte arrives once and in order, and pinned bytes stay.
 *
 * @module
 */

import assert from "node:assert/strict";

import { Input, type InputBuffer } from "../../../engine/host/nbd/input.ts";
import { INPUT_BUFFER_SIZE } from "../../../engine/host/nbd/limits.ts";
import { Prng } from "./prng.ts";

interface Pinned {
  readonly buffer: InputBuffer;
  readonly payload: Uint8Array;
  readonly from: number;
}

/** The byte at a place of the endless stream. */
function byteAt(place: number): number {
  return (place * 131 + (place >> 9)) & 255;
}

function isStream(bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < bytes.length; at += 97) {
    if (bytes[at] !== byteAt(from + at)) return false;
  }
  return bytes.length === 0 || bytes.at(-1) === byteAt(from + bytes.length - 1);
}

for (let seed = 1; seed <= 6; seed++) {
  Deno.test(`pieces of any length come out whole, pinned ones stay (seed ${seed})`, () => {
    const random = new Prng(seed);
    const input = new Input();
    const pins: Pinned[] = [];
    let received = 0;
    let consumed = 0;
    for (let piece = 0; piece < 400; piece++) {
      const length = random.pick([1, 28, 4124, 70_000, 1 << 20, INPUT_BUFFER_SIZE, 5 << 20]);
      while (input.available < length) {
        input.want(length);
        const window = input.window();
        assert.ok(window.length > 0);
        const arrived = Math.min(window.length, 1 + random.below(300_000));
        for (let at = 0; at < arrived; at++) window[at] = byteAt(received + at);
        input.filled(arrived);
        received += arrived;
      }
      const payload = input.buffer.bytes.subarray(input.start, input.start + length);
      assert.ok(isStream(payload, consumed));
      input.consume(length);
      if (random.below(3) === 0) pins.push({ buffer: input.pin(), payload, from: consumed });
      consumed += length;
      while (pins.length > random.below(6)) {
        const [pinned] = pins.splice(random.below(pins.length), 1) as [Pinned];
        assert.ok(isStream(pinned.payload, pinned.from), "what is pinned is not received over");
        input.unpin(pinned.buffer);
      }
    }
    for (const pinned of pins) input.unpin(pinned.buffer);
    assert.equal(input.held, 0, "memory that nobody pins is not counted");
  });
}

Deno.test("one request after the other is received at the front of one buffer", () => {
  const input = new Input();
  const first = input.buffer;
  for (let round = 0; round < 1000; round++) {
    input.want(28);
    const window = input.window();
    assert.equal(window.byteOffset, 0);
    assert.equal(window.length, INPUT_BUFFER_SIZE);
    input.filled(28);
    input.consume(28);
  }
  assert.equal(input.buffer, first);
});

Deno.test("inside a long payload nothing behind it is received", () => {
  const input = new Input();
  input.filled(28);
  input.want(28 + (1 << 20));
  assert.equal(input.window().length, 1 << 20);
});
