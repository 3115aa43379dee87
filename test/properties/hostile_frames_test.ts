/**
 * 100,000 hostile inputs against everything that reads what a peer sends.
 *
 * A failure prints the seed of its input; `WARMSITE_SEED=n` begins there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Failed } from "../../engine/core/base/failure.ts";
import { FRAME_PAYLOAD_MAX, SEND_WINDOW_MAX } from "../../engine/core/base/limits.ts";
import type { Incarnation } from "../../engine/core/base/units.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import type { Channel } from "../../engine/core/wire/channel.ts";
import { decodeCompare, decodeCompared } from "../../engine/core/wire/compare.ts";
import { decodeExtent, extentContent } from "../../engine/core/wire/extent.ts";
import { FRAME_HEADER_SIZE, FrameDecoder } from "../../engine/core/wire/frame.ts";
import { CONTROL_INBOX_MAX, OUTBOX_MAX } from "../../engine/core/wire/limits.ts";
import { isMalformed } from "../../engine/core/wire/malformed.ts";
import { decodeControl, encodeControl, type MessageType } from "../../engine/core/wire/message.ts";
import { Session } from "../../engine/core/wire/session.ts";
import { Prng } from "../../engine/sim/prng.ts";
import { loadKernel, simpleCodec } from "../../wasm/codec.ts";
import { runNow } from "../../engine/core/runtime/task.ts";
import { COMPARE_SAMPLE, COMPARED_SAMPLE, rawExtent, SAMPLES } from "../unit/core/wire/samples.ts";
import { WireWorld } from "../unit/core/wire/wire_world.ts";
import type { Speaker } from "./hostile/conversation.ts";
import { hostileInput, joined } from "./hostile/mutation.ts";

const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 1);
const PURE_INPUTS = 90_000;
const SESSION_INPUTS = 10_000;

/** What was met, so that a generator that makes nothing of interest is noticed. */
class Tally {
  readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Every one of `kinds` was met at least `least` times. */
  expect(least: number, ...kinds: readonly string[]): void {
    for (const kind of kinds) {
      const count = this.counts.get(kind) ?? 0;
      assert(count >= least, `${kind}: met ${count} times; ${JSON.stringify([...this.counts])}`);
    }
  }
}

function attempt(seed: number, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new Error(`Hostile input of seed ${seed}`, { cause: error });
  }
}

/** Decodes all that `bytes` hold, pushed in chunks. */
function decodeAll(random: Prng, bytes: Uint8Array, tally: Tally): void {
  const codec = simpleCodec(loadKernel());
  const decoder = new FrameDecoder(loadKernel());
  const chunk = random.pick([1 << 20, 1000, 17]);
  const size = bytes.length > 10_000 ? 1 << 20 : chunk;
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.slice(at, at + size);
    decoder.push(part);
    for (let next = decoder.next(); next.kind !== "need-more"; next = decoder.next()) {
      if (next.kind === "invalid") {
        assert.equal(next.failure.code, "malformed");
        assert.equal(decoder.held, 0);
        return tally.add("frame malformed");
      }
      const { payload, type } = next;
      assert(payload.length <= FRAME_PAYLOAD_MAX);
      const result = type === "control"
        ? decodeControl(payload)
        : type === "extent"
        ? decodeExtent(payload)
        : type === "compare"
        ? decodeCompare(payload)
        : decodeCompared(payload);
      tally.add(`${type} ${isMalformed(result) ? "malformed" : "sound"}`);
      if ("kind" in result) content(codec, result as Parameters<typeof extentContent>[1], tally);
      // What a decoder lets pass, an encoder can say: nothing unsound gets further.
      if (type === "control" && "type" in result) {
        assert.deepEqual(encodeControl(result as typeof SAMPLES["ping"]), payload);
      }
    }
    assert(decoder.held <= FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX);
  }
}

function content(
  codec: Parameters<typeof extentContent>[0],
  extent: Parameters<typeof extentContent>[1],
  tally: Tally,
): void {
  try {
    const bytes = runNow(extentContent(codec, extent));
    if (bytes !== undefined) assert.equal(bytes.content.length, extent.length);
    tally.add("content sound");
  } catch (error) {
    assert(error instanceof Failed && error.code === "damaged", String(error));
    tally.add("content damaged");
  }
}

Deno.test("no hostile bytes get anything but a named failure out of the decoders", () => {
  const tally = new Tally();
  const root = new Prng(SEED, 1);
  for (let index = 0; index < PURE_INPUTS; index++) {
    const seed = root.u32();
    attempt(seed, () => {
      const random = new Prng(seed);
      const speaker = random.flip() ? "primary" : "replica";
      const { parts } = hostileInput(random, speaker, { whole: false });
      decodeAll(random, joined(parts), tally);
    });
  }
  tally.expect(1000, "control malformed", "control sound", "extent malformed", "extent sound");
  tally.expect(1000, "frame malformed", "content sound");
  tally.expect(100, "compare malformed", "compared malformed", "content damaged");
});

/** An honest replica's side of a channel. */
function* serveReplica(channel: Channel): Task<void> {
  let records = 0;
  while (true) {
    const next = yield* channel.receive();
    if (next.kind === "extent") yield* channel.send({ type: "progress", records: ++records });
    if (next.kind === "compare") {
      yield* channel.sendCompared({ ...next.compare, differs: bits(next) });
    }
    if (next.kind !== "control") continue;
    const { message } = next;
    if (message.type === "open-machine") yield* channel.send(SAMPLES["machine-opened"]);
    if (message.type === "seed-begin") {
      yield* channel.send({ type: "seed-ready", seed: message.seed });
    }
    if (message.type === "delta-open") {
      yield* channel.send({ type: "delta-ready", delta: message.delta, records: 0 });
    }
    if (message.type === "delta-seal" || message.type === "seed-publish") {
      yield* channel.send(SAMPLES["staged"]);
    }
  }
}

function bits({ compare }: { readonly compare: { readonly count: number } }): Uint8Array {
  return new Uint8Array(Math.ceil(compare.count / 8));
}

/** Waits for the answer of that type, past whatever may cross it. */
function* answer(channel: Channel, type: MessageType): Task<void> {
  while (true) {
    const next = yield* channel.receive();
    if (next.kind === "control" && next.message.type === type) return;
  }
}

/** An honest primary's side of a channel. */
function* servePrimary(channel: Channel): Task<void> {
  yield* channel.send(SAMPLES["open-machine"]);
  yield* answer(channel, "machine-opened");
  yield* channel.send(SAMPLES["delta-open"]);
  yield* answer(channel, "delta-ready");
  yield* channel.sendExtent(rawExtent(0, 4096));
  yield* channel.sendCompare(COMPARE_SAMPLE);
  yield* channel.send(SAMPLES["delta-seal"]);
  while (true) yield* channel.receive();
}

/** An honest server, and a hostile peer; returns how it ended. */
function meet(random: Prng, speaker: Speaker): string {
  const world = new WireWorld();
  const { parts, hangsUp } = hostileInput(random, speaker, { whole: true });
  const [rogue, end] = world.pair({
    chunk: random.flip() ? () => random.between(1, 6000) : () => 1e9,
  });
  const hello = { server: "beta", incarnation: "2".repeat(32) as Incarnation };
  const role = speaker === "primary" ? "responder" : "initiator";
  const hurried = random.below(4) === 0;
  let session: Session | undefined;
  let outcome = "open";
  const spawn = (name: string, start: () => Task<unknown>) =>
    world.scope.spawn(
      name,
      guarded(start, (error) => {
        if (name === "server" && outcome === "open") outcome = error.code;
      }),
    );
  spawn("server", function* () {
    session = yield* Session.start(world.ports, world.scope, end, role, hello);
    if (role === "initiator") return yield* servePrimary(session.openChannel());
    while (true) {
      const channel = yield* session.accept();
      if (channel === undefined) throw new Failed(session.closeReason!);
      spawn("channel", () => serveReplica(channel));
    }
  });
  spawn("drain", function* () {
    while ((yield* rogue.read()) !== undefined);
  });
  spawn("rogue", function* () {
    for (const part of parts) {
      yield* rogue.write(part);
      if (!hurried) yield* world.clock.sleep(1000);
    }
    if (hangsUp) rogue.close();
  });
  world.runUntil(() => {
    assert((session?.held ?? 0) <= SEND_WINDOW_MAX + CONTROL_INBOX_MAX + OUTBOX_MAX);
    return end.closed || world.now > 12_000_000;
  });
  assert.deepEqual(world.panics, [], "nothing stopped the process");
  world.run(world.scope.cancel());
  assert.equal(end.closed, true, "the connection was given back");
  assert.equal(world.sleepers, 0, "nothing is left behind");
  return outcome;
}

/** A task that ends quietly in a `Failed`, as expected of a peer like this. */
function* guarded(start: () => Task<unknown>, failed: (error: Failed) => void): Task<void> {
  try {
    yield* start();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    failed(error);
  }
}

Deno.test("no hostile peer brings a session down but in order, within its bounds", () => {
  assert.equal(COMPARED_SAMPLE.count, COMPARE_SAMPLE.count);
  const tally = new Tally();
  const root = new Prng(SEED, 2);
  for (let index = 0; index < SESSION_INPUTS; index++) {
    const seed = root.u32();
    attempt(seed, () => {
      const random = new Prng(seed);
      tally.add(meet(random, random.flip() ? "primary" : "replica"));
    });
  }
  tally.expect(100, "malformed", "protocol-violation", "connection-lost", "older-generation");
  tally.expect(50, "cancelled", "timed-out");
  tally.expect(1, "wrong-version");
});
