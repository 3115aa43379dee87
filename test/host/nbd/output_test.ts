/**
 * Sending: replies leave whole, in the order of completion, through any partial sends.
 *
 * @module
 */

import assert from "node:assert/strict";

import { REPLY_BATCH_SIZE } from "../../../engine/host/nbd/limits.ts";
import { Output, type ReplyBuffer } from "../../../engine/host/nbd/output.ts";
import { Prng } from "./prng.ts";

class Recorder {
  readonly sent: number[] = [];
  readonly #random: Prng;
  sends = 0;

  constructor(seed: number) {
    this.#random = new Prng(seed);
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.sends++;
    const count = 1 + this.#random.below(bytes.length);
    if (this.#random.below(2) === 0) await Promise.resolve();
    for (const byte of bytes.subarray(0, count)) this.sent.push(byte);
    return count;
  }
}

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`every reply leaves once and whole (seed ${seed})`, async () => {
    const random = new Prng(seed);
    const recorder = new Recorder(seed);
    const output = new Output(recorder, () => {}, () => assert.fail("not broken"));
    const detached: { buffer: ReplyBuffer; at: number; size: number; tag: number }[] = [];
    let expected = 0;
    for (let tag = 1; tag < 120; tag++) {
      const size = random.pick([16, 20, 4124, 70_000, 300_000]);
      // A reply is its tag, as often as it is long; its end is marked.
      if (random.below(5) === 0) output.sendBytes(new Uint8Array(size).fill(tag));
      else {
        const buffer = output.reserve(size);
        const at = buffer.fill - size;
        buffer.bytes.fill(tag, at, at + size);
        if (random.below(6) === 0) {
          output.unreserve(size);
          continue;
        }
        if (random.below(3) === 0) {
          output.detach(size);
          detached.push({ buffer, at, size, tag });
          continue;
        }
      }
      expected += size;
      if (random.below(4) === 0) output.flush();
      if (random.below(4) === 0) await Promise.resolve();
      const held = random.below(3) === 0 ? detached.shift() : undefined;
      if (held === undefined) continue;
      const part = random.below(4) === 0 ? 0 : held.size;
      assert.equal(held.buffer.bytes[held.at], held.tag, "a detached region is left alone");
      assert.equal(held.buffer.bytes[held.at + held.size - 1], held.tag);
      output.sendRegion(held.buffer, held.at, part, held.size);
      expected += part;
    }
    for (const { buffer, at, size } of detached) {
      output.sendRegion(buffer, at, size, size);
      expected += size;
    }
    await output.idle();
    assert.equal(recorder.sent.length, expected);
    assert.equal(output.pending, 0);
    const runs = new Set<number>();
    for (let at = 0; at < recorder.sent.length; at++) {
      if (recorder.sent[at] === recorder.sent[at - 1]) continue;
      assert.ok(!runs.has(recorder.sent[at]!), "a reply is not torn by another");
      runs.add(recorder.sent[at]!);
    }
  });
}

Deno.test("replies gathered before a flush leave in one send", async () => {
  const sizes: number[] = [];
  const sender = {
    write: (bytes: Uint8Array) => Promise.resolve(sizes.push(bytes.length) && bytes.length),
  };
  const output = new Output(sender, () => {}, () => {});
  for (let count = 0; count < 32; count++) output.reserve(4124);
  await output.idle();
  assert.deepEqual(sizes, [32 * 4124]);
});

Deno.test("memory is used again, not made anew", async () => {
  const buffers = new Set<ArrayBuffer>();
  const sender = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
  const output = new Output(sender, () => {}, () => {});
  for (let round = 0; round < 200; round++) {
    buffers.add(output.reserve(REPLY_BATCH_SIZE - 100).bytes.buffer);
    buffers.add(output.reserve(1 << 20).bytes.buffer);
    await output.idle();
  }
  assert.ok(buffers.size <= 6, `${buffers.size} buffers`);
});

Deno.test("a client that is gone ends sending once", async () => {
  let broken = 0;
  const output = new Output(
    { write: () => Promise.reject(new Error("gone")) },
    () => {},
    () => broken++,
  );
  for (let round = 0; round < 3; round++) {
    output.reserve(16);
    await output.idle();
  }
  assert.equal(broken, 1);
});
