/**
 * Laws of the `Clock`, `Entropy`, `Codec` and `Observer` ports.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DAY, HOUR, MILLISECOND, MINUTE, SECOND } from "../../engine/core/base/units.ts";
import type { GenerationId, PointId } from "../../engine/core/base/units.ts";
import type { EngineEvent } from "../../engine/core/ports/observer.ts";
import type { Ports } from "../../engine/core/ports/ports.ts";
import { all, within } from "../../engine/core/runtime/together.ts";
import { localReading, nextTimeOfDay } from "../../engine/core/relationship/local_time.ts";
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
  law(`Clock, ${name}`, staging, "the local offset is whole minutes", function* ({ ports }) {
    yield* ports.clock.sleep(0);
    for (let day = 0; day < 800; day++) {
      const offset = ports.clock.localOffset(ports.clock.wall() + day * DAY);
      assert.ok(Math.abs(offset) <= 15 * HOUR, `${offset}`);
      assert.equal(Math.abs(offset % MINUTE), 0);
      assert.ok(!Object.is(offset, -0));
    }
  });
  law(`Clock, ${name}`, staging, "every time of day comes once a day", function* ({ ports }) {
    const { clock } = ports;
    yield* clock.sleep(0);
    const timeOfDay = 2 * HOUR + 30 * MINUTE;
    let instant = clock.wall();
    for (let days = 0; days < 800; days++) {
      const next = nextTimeOfDay(clock, instant, timeOfDay);
      const { day } = localReading(clock, next);
      if (days > 0) assert.equal(day, localReading(clock, instant).day + 1);
      assert.ok(localReading(clock, next - 1).timeOfDay < timeOfDay, "not before its time");
      instant = next;
    }
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

/** A stage with an observer, and what it made of events. */
export interface ObserverStage extends SmallPortsStage {
  /** How many entries the outside got so far: lines, or sights of the world. */
  seen(): number;
}

const POINT = "0".repeat(32) as PointId;
const FAILURE = { code: "no-space", side: "local", message: "A\nB", action: "" } as const;
const MACHINE = { machine: "vm" } as const;

/** One event of each kind. */
const EVENTS: { readonly [K in EngineEvent["kind"]]: Extract<EngineEvent, { kind: K }> } = {
  state: { kind: "state", ...MACHINE, from: "Disabled", to: "Replicating" },
  failure: { kind: "failure", ...MACHINE, failure: FAILURE },
  cut: { kind: "cut", ...MACHINE, point: POINT, closed: 10, bytes: 4096 },
  "cut-failed": { kind: "cut-failed", ...MACHINE, reason: "late" },
  "freeze-failed": { kind: "freeze-failed", ...MACHINE, failure: FAILURE },
  "view-given-up": { kind: "view-given-up", ...MACHINE, reason: "full" },
  sent: { kind: "sent", ...MACHINE, bytes: 4096, wire: 100 },
  staged: { kind: "staged", ...MACHINE, point: POINT },
  applied: { kind: "applied", ...MACHINE, point: POINT },
  dropped: { kind: "dropped", ...MACHINE, point: POINT },
  connected: { kind: "connected", peer: "b" },
  disconnected: { kind: "disconnected", peer: "b", reason: "gone" },
  failover: {
    kind: "failover",
    ...MACHINE,
    step: "started",
    point: POINT,
    generation: "1".repeat(32) as GenerationId,
  },
  probe: { kind: "probe", name: "conformance" },
};

/** Defines the tests of the `Observer` port. */
export function observerSuite(name: string, staging: Staging<ObserverStage>): void {
  law(`Observer, ${name}`, staging, "every event is taken, once, and left as it is", function* (s) {
    yield* s.ports.clock.sleep(0);
    for (const event of Object.values(EVENTS)) {
      const [before, text] = [s.seen(), JSON.stringify(event)];
      s.ports.observer.emit(event);
      // Probes are for simulation alone: an observer may take them and tell nobody.
      const told = s.seen() - before;
      assert.ok(told === 1 || (event.kind === "probe" && told === 0), `${event.kind}: ${told}`);
      assert.equal(JSON.stringify(event), text);
    }
  });
}
