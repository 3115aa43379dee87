/**
 * Laws of the `Clock`, `Entropy`, `Codec` and `Observer` ports.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type { Ports } from "../../engine/core/ports/ports.ts";
import { all, within } from "../../engine/core/runtime/together.ts";
import { isFailed } from "../../engine/core/base/failure.ts";
import { law, pattern, type Stage, type Staging, thrownBy } from "./stage.ts";

/** A stage with the small ports. */
export interface SmallPortsStage extends Stage {
  /** The ports under test. */
  readonly ports: Pick<Ports, "clock" | "entropy" | "codec" | "observer">;
}

/** Defines the tests of the `Clock` port. */
export function clockSuite(name: string, staging: Staging<SmallPortsStage>): void {
  law(`Clock, ${name}`, staging, "now is whole, never goes back, and sleeps pass", function* (s) {
    const { clock } = s.ports;
    let last = clock.now();
    for (const micros of [0, 1, 1500, 5 * MILLISECOND]) {
      yield* clock.sleep(micros);
      const now = clock.now();
      assert.ok(Number.isSafeInteger(now));
      assert.ok(now - last >= micros, `slept ${now - last} of ${micros} µs`);
      last = now;
    }
  });
  law(`Clock, ${name}`, staging, "wall is a time of this century in µs", function* ({ ports }) {
    yield* ports.clock.sleep(0);
    const years = ports.clock.wall() / SECOND / 86_400 / 365.25;
    assert.ok(Number.isSafeInteger(ports.clock.wall()) && years > 50 && years < 130);
  });
  law(`Clock, ${name}`, staging, "sleeps end in the order of their ends", function* ({ ports }) {
    const order: number[] = [];
    const sleeps = [30, 10, 20].map(function* (milliseconds) {
      yield* ports.clock.sleep(milliseconds * MILLISECOND);
      order.push(milliseconds);
    });
    yield* all("sleep", sleeps);
    assert.deepEqual(order, [10, 20, 30]);
  });
  law(`Clock, ${name}`, staging, "a sleep can be cancelled", function* ({ ports: { clock } }) {
    const start = clock.now();
    const sleep = within(clock, 5 * MILLISECOND, "sleep", clock.sleep(3600 * SECOND));
    assert.ok(isFailed(yield* thrownBy(sleep), "timed-out"));
    assert.ok(clock.now() - start < 60 * SECOND);
  });
}

/** Defines the tests of the `Entropy` port. */
export function entropySuite(name: string, staging: Staging<SmallPortsStage>): void {
  law(`Entropy, ${name}`, staging, "bytes differ and belong to the caller", function* ({ ports }) {
    yield* ports.clock.sleep(0);
    const seen = new Set<string>();
    for (let draw = 0; draw < 200; draw++) {
      const bytes = ports.entropy.bytes(16);
      assert.equal(bytes.length, 16);
      seen.add(bytes.join());
      bytes.fill(0);
    }
    assert.equal(seen.size, 200);
    assert.equal(ports.entropy.bytes(0).length, 0);
    assert.equal(ports.entropy.bytes(1000).length, 1000);
  });
}

/** Defines the tests of the `Codec` port. */
export function codecSuite(name: string, staging: Staging<SmallPortsStage>): void {
  const suite = `Codec, ${name}`;
  unpackLaws(suite, staging);
  law(suite, staging, "what was compressed comes back, at both levels", function* ({ ports }) {
    const { codec } = ports;
    for (const bytes of [new Uint8Array(0), new Uint8Array(65_536), pattern(100_000, 1)]) {
      for (const level of [1, 3] as const) {
        const frame = yield* codec.compress(bytes, level);
        assert.deepEqual(yield* codec.decompress(frame, bytes.length), bytes);
        assert.equal(yield* codec.decompress(frame, bytes.length + 1), undefined);
        const longer = new Uint8Array(frame.length + 1);
        longer.set(frame);
        assert.equal(yield* codec.decompress(longer, bytes.length), undefined);
      }
    }
    assert.equal(yield* codec.decompress(pattern(50, 2), 50), undefined);
  });
  law(suite, staging, "tasks agree with the kernel", function* ({ ports: { codec } }) {
    const bytes = pattern(32_768, 3);
    bytes.fill(0, 4096, 8192);
    const digests = yield* codec.blockDigests(bytes, 4096);
    assert.deepEqual(digests, codec.kernel.blockDigests(bytes, 4096));
    assert.deepEqual(digests.slice(0, 32), codec.kernel.digest(bytes.slice(0, 4096)));
    const set = yield* codec.setDigest(65_536, bytes, 4096);
    assert.deepEqual(set, codec.kernel.setDigest(65_536, bytes, 4096));
    const frame = yield* codec.compress(bytes, 1);
    assert.deepEqual(codec.kernel.decompress(frame, bytes.length), bytes);
  });
}

function unpackLaws(suite: string, staging: Staging<SmallPortsStage>): void {
  law(suite, staging, "what is unpacked is checked and digested", function* ({ ports }) {
    const { codec } = ports;
    for (const size of [4096, 65_536, 1_048_576]) {
      const content = pattern(size, 4);
      const checksum = codec.kernel.checksum(content);
      const setDigest = codec.kernel.setDigest(8192, content, 4096);
      const frame = yield* codec.compress(content, 1);
      for (const blocks of [undefined, { at: 8192, blockSize: 4096 }]) {
        for (const [payload, compressed] of [[frame, true], [content, false]] as const) {
          const packed = { payload, compressed, length: size, checksum, blocks };
          const expected = { content, setDigest: blocks && setDigest };
          assert.deepEqual(yield* codec.unpack(packed), expected);
          const other = { ...packed, checksum: checksum ^ 1n };
          assert.equal(yield* codec.unpack(other), undefined, "another checksum");
          const longer = { ...packed, length: size + 4096 };
          assert.equal(yield* codec.unpack(longer), undefined, "another length");
        }
      }
    }
  });
}

/** Defines the tests of the `Observer` port. */
export function observerSuite(name: string, staging: Staging<SmallPortsStage>): void {
  law(`Observer, ${name}`, staging, "every event is taken without a word", function* ({ ports }) {
    yield* ports.clock.sleep(0);
    ports.observer.emit({ kind: "probe", name: "conformance" });
    ports.observer.emit({ kind: "disconnected", peer: "b", reason: "test" });
  });
}
