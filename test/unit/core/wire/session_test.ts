/**
 * Two ends of a session: hello, channels, windows, silence, bye.
 *
 * @module
 */
// Long because: one test per promise of a session.

import assert from "node:assert/strict";
import { Failed } from "../../../../engine/core/base/failure.ts";
import { MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { SEND_WINDOW_MAX } from "../../../../engine/core/base/limits.ts";
import type { Incarnation } from "../../../../engine/core/base/units.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import type { Channel, Incoming } from "../../../../engine/core/wire/channel.ts";
import { encodeCompared } from "../../../../engine/core/wire/compare.ts";
import { encodeExtent } from "../../../../engine/core/wire/extent.ts";
import { encodeFrame, FrameDecoder } from "../../../../engine/core/wire/frame.ts";
import { frameCost, OUTBOX_MAX } from "../../../../engine/core/wire/limits.ts";
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
} from "../../../../engine/core/wire/message.ts";
import { Session } from "../../../../engine/core/wire/session.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { COMPARE_SAMPLE, COMPARED_SAMPLE, rawExtent, SAMPLES, zeroExtent } from "./samples.ts";
import { type PipeEnd, WireWorld } from "./wire_world.ts";

const ALPHA = { server: "alpha", incarnation: "1".repeat(32) as Incarnation };
const BETA = { server: "beta", incarnation: "2".repeat(32) as Incarnation };

interface Two {
  readonly world: WireWorld;
  readonly ends: readonly [PipeEnd, PipeEnd];
  readonly primary: Session;
  readonly replica: Session;
}

function connect(options: { chunk?: () => number } = {}): Two {
  const world = new WireWorld();
  const ends = world.pair(options);
  const { ports, scope } = world;
  const responder = scope.start("beta", Session.start(ports, scope, ends[1], "responder", BETA));
  const primary = world.run(Session.start(ports, scope, ends[0], "initiator", ALPHA));
  return { world, ends, primary, replica: world.run(responder.join()) };
}

/** Both ends of a channel whose machine was opened. */
function* opened({ primary, replica }: Two): Task<[Channel, Channel]> {
  const near = primary.openChannel();
  yield* near.send(SAMPLES["open-machine"]);
  const far = yield* replica.accept();
  assert(far !== undefined);
  assert.deepEqual(control(yield* far.receive()), SAMPLES["open-machine"]);
  yield* far.send(SAMPLES["machine-opened"]);
  assert.deepEqual(control(yield* near.receive()), SAMPLES["machine-opened"]);
  return [near, far];
}

/** Both ends of a channel with an open delta. */
function* delta(two: Two): Task<[Channel, Channel]> {
  const [near, far] = yield* opened(two);
  yield* near.send(SAMPLES["delta-open"]);
  yield* far.receive();
  yield* far.send(SAMPLES["delta-ready"]);
  yield* near.receive();
  return [near, far];
}

function control(incoming: Incoming): ControlMessage {
  assert.equal(incoming.kind, "control");
  return (incoming as Incoming & { kind: "control" }).message;
}

function failureOf(world: WireWorld, task: Task<unknown>): string {
  try {
    world.run(task);
  } catch (error) {
    assert(error instanceof Failed, String(error));
    return error.code;
  }
  return "none";
}

/** A peer that says what it likes. */
class Rogue {
  readonly world = new WireWorld();
  readonly ends = this.world.pair();
  session: Session | undefined;

  constructor(role: "initiator" | "responder" = "responder") {
    const { ports, scope } = this.world;
    const starting = scope.start("x", Session.start(ports, scope, this.ends[1], role, BETA));
    this.say(0, SAMPLES["hello"]);
    this.session = this.world.run(starting.join());
  }

  say(channel: number, message: ControlMessage): void {
    this.raw(encodeFrame(loadKernel(), "control", channel, encodeControl(message)));
  }

  raw(bytes: Uint8Array): void {
    this.world.run(this.ends[0].write(bytes));
  }

  /** How the session ended, as `code: message`, and that it said so. */
  ended(): string {
    this.world.run(this.session!.whenClosed());
    const reason = this.session!.closeReason;
    return `${reason?.code}: ${reason?.message}`;
  }
}

Deno.test("both ends know each other after hello", () => {
  const { primary, replica } = connect();
  assert.equal(primary.remote.server, "beta");
  assert.equal(replica.remote.server, "alpha");
  assert.equal(replica.peer.name, "alpha");
});

Deno.test("a peer whose hello has another name than its certificate is told so and gets no session", () => {
  const world = new WireWorld();
  const ends = world.pair();
  const { ports, scope } = world;
  const liar = { ...ALPHA, server: "gamma" };
  const responder = scope.start("beta", Session.start(ports, scope, ends[1], "responder", BETA));
  const primary = scope.start("alpha", Session.start(ports, scope, ends[0], "initiator", liar));
  assert.throws(() => world.run(responder.join()), (error: Failed) => {
    assert.match(error.message, /calls itself "gamma".*certificate is for "alpha"/);
    return error.code === "unauthenticated";
  });
  assert.throws(() => world.run(primary.join()), /calls itself "gamma"/);
});

Deno.test("a conversation arrives in order at both ends, however the bytes are cut", () => {
  let seed = 1;
  const two = connect({ chunk: () => 1 + (seed = (seed * 48271) % 2147483647) % 5000 });
  const { world } = two;
  world.run(function* (): Task<void> {
    const [near, far] = yield* delta(two);
    const sent = [rawExtent(0, 4096), zeroExtent(1 << 16, 8192), rawExtent(8192, MiB, 9)];
    for (const extent of sent) yield* near.sendExtent(extent);
    yield* near.sendCompare(COMPARE_SAMPLE);
    yield* near.send(SAMPLES["delta-seal"]);
    for (const extent of sent) {
      assert.deepEqual(yield* far.receive(), { kind: "extent", extent });
    }
    assert.deepEqual(yield* far.receive(), { kind: "compare", compare: COMPARE_SAMPLE });
    yield* far.sendCompared(COMPARED_SAMPLE);
    assert.deepEqual(control(yield* far.receive()), SAMPLES["delta-seal"]);
    yield* far.send(SAMPLES["staged"]);
    assert.deepEqual(yield* near.receive(), { kind: "compared", compared: COMPARED_SAMPLE });
    assert.deepEqual(control(yield* near.receive()), SAMPLES["staged"]);
  }());
});

Deno.test("what is in flight is bounded by the window, and credit moves it (E6)", () => {
  const two = connect();
  const { world, primary, replica } = two;
  world.run(function* (): Task<void> {
    const [near, far] = yield* delta(two);
    let credit = 0;
    let done = false;
    world.scope.spawn(
      "send",
      function* (): Task<void> {
        for (let index = 0; index < 40; index++) {
          credit = yield* near.sendExtent(rawExtent(index * MiB, MiB));
        }
        done = true;
      }(),
    );
    yield* world.clock.sleep(60 * SECOND);
    assert.equal(done, false);
    assert(near.window.inFlight <= SEND_WINDOW_MAX);
    assert(near.window.inFlight > SEND_WINDOW_MAX - 2 * MiB);
    assert(replica.held <= SEND_WINDOW_MAX && primary.held <= OUTBOX_MAX + 2 * MiB);
    assert(!primary.closed && !replica.closed, "a stalled channel is no silence");
    for (let index = 0; index < 40; index++) {
      yield* far.receive();
      while (near.window.inFlight === 0) yield* world.clock.sleep(1);
      near.window.credit(credit);
    }
    yield* world.clock.sleep(1);
    assert.equal(done, true);
    assert.equal(near.window.inFlight, 0);
  }());
});

Deno.test("a channel whose owner does not receive stops neither pings nor other channels", () => {
  const two = connect();
  const { world, primary } = two;
  world.run(function* (): Task<void> {
    const [stalled] = yield* delta(two);
    for (let at = 0; at < 12; at++) yield* stalled.sendExtent(rawExtent(at * MiB, MiB));
    yield* world.clock.sleep(300 * SECOND);
    const [near, far] = yield* delta(two);
    yield* near.sendExtent(rawExtent(0, 4096));
    assert.equal((yield* far.receive()).kind, "extent");
    assert.equal(primary.closed, false);
  }());
});

Deno.test("a sender that is cancelled while it waits takes nothing of the window", () => {
  const two = connect();
  const { world } = two;
  world.run(function* (): Task<void> {
    const [near] = yield* delta(two);
    for (let at = 0; at < 15; at++) yield* near.sendExtent(rawExtent(at * MiB, MiB));
    const before = near.window.inFlight;
    const waiting = world.scope.start("wait", near.sendExtent(rawExtent(0, MiB)));
    yield* world.clock.sleep(SECOND);
    assert.equal(waiting.ended, false);
    yield* waiting.cancel();
    assert.equal(near.window.inFlight, before);
    yield* near.sendExtent(zeroExtent(0, 4096));
  }());
});

Deno.test("a refusal ends the channel at both ends and gives its window back", () => {
  const two = connect();
  const { world, primary } = two;
  world.run(function* (): Task<void> {
    const [near, far] = yield* delta(two);
    const sending = world.scope.start(
      "send",
      function* (): Task<void> {
        while (true) yield* near.sendExtent(rawExtent(0, MiB));
      }(),
    );
    yield* world.clock.sleep(SECOND);
    yield* far.send(SAMPLES["refused"]);
    yield* world.clock.sleep(SECOND);
    assert.deepEqual(control(yield* near.receive()), SAMPLES["refused"]);
    assert.equal(near.window.inFlight, 0);
    assert.equal(sending.outcome?.ok, false);
    assert.equal(primary.closed, false, "the session goes on");
    const [again] = yield* delta(two);
    for (let at = 0; at < 15; at++) yield* again.sendExtent(rawExtent(at * MiB, MiB));
  }());
  assert.equal(world.panics.length, 0);
});

Deno.test("closing a channel drops what it held; the session and its window go on", () => {
  const two = connect();
  const { world, replica } = two;
  world.run(function* (): Task<void> {
    for (let round = 0; round < 5; round++) {
      const [near, far] = yield* delta(two);
      for (let at = 0; at < 14; at++) yield* near.sendExtent(rawExtent(at * MiB, MiB));
      near.close("enough");
      yield* world.clock.sleep(SECOND);
      assert.equal(far.closed, true);
    }
    assert.equal(replica.held, 0);
    assert.equal(replica.closed, false);
  }());
});

Deno.test("silence ends the session at both ends after 30 s", () => {
  const { world, ends, primary, replica } = connect();
  ends[0].stalled = true;
  ends[1].stalled = true;
  const start = world.now;
  world.run(primary.whenClosed());
  world.run(replica.whenClosed());
  assert.equal(primary.closeReason?.code, "timed-out");
  assert(world.now - start <= 40 * SECOND, `${world.now - start}`);
  assert.equal(world.sleepers, 0, "nothing is left behind");
});

Deno.test("an idle session lives on its pings for hours and ends with a bye", () => {
  const { world, primary, replica } = connect();
  world.run(world.clock.sleep(3600 * SECOND));
  assert(!primary.closed && !replica.closed);
  primary.close({ code: "io-error", side: "local", message: "Stopping\nnow", action: "" });
  world.run(replica.whenClosed());
  assert.equal(replica.closeReason?.message, "The peer ended the connection: Stopping now");
  world.run(primary.whenClosed());
  assert.equal(world.sleepers, 0);
});

Deno.test("what was sent before an orderly end arrives before it", () => {
  const two = connect();
  const { world, primary } = two;
  world.run(function* (): Task<void> {
    const [near, far] = yield* delta(two);
    yield* near.sendExtent(rawExtent(0, MiB));
    yield* near.send(SAMPLES["delta-seal"]);
    primary.close();
    assert.equal((yield* far.receive()).kind, "extent");
    assert.equal(control(yield* far.receive()).type, "delta-seal");
  }());
});

Deno.test("cancelling the scope closes the connection and leaves nothing behind", () => {
  const world = new WireWorld();
  const [left, right] = world.pair();
  const scope = new Scope(world.loop, "process");
  world.scope.spawn("beta", Session.start(world.ports, world.scope, right, "responder", BETA));
  const session = world.run(Session.start(world.ports, scope, left, "initiator", ALPHA));
  world.run(scope.cancel());
  assert(left.closed && session.closed);
});

Deno.test("a peer that never says hello is given up after 10 s", () => {
  const world = new WireWorld();
  const [left] = world.pair();
  const starting = Session.start(world.ports, world.scope, left, "initiator", ALPHA);
  assert.equal(failureOf(world, starting), "timed-out");
  assert.equal(world.now, 10 * SECOND);
  assert.equal(left.closed, true);
});

Deno.test("another protocol version is named", () => {
  const world = new WireWorld();
  const [left, right] = world.pair();
  const hello = encodeControl({ ...SAMPLES["hello"], protocol: 2 });
  world.run(right.write(encodeFrame(loadKernel(), "control", 0, hello)));
  const starting = Session.start(world.ports, world.scope, left, "initiator", ALPHA);
  assert.equal(failureOf(world, starting), "wrong-version");
});

Deno.test("what comes out of order, from the wrong end or on no channel ends the session", () => {
  const cases: [string, (rogue: Rogue) => void][] = [
    ["hello came again", (rogue) => rogue.say(0, SAMPLES["hello"])],
    ["pong came without a ping", (rogue) => rogue.say(0, SAMPLES["pong"])],
    ["delta-drop came on channel 0", (rogue) => rogue.say(0, SAMPLES["delta-drop"])],
    ["channel 2 was never opened", (rogue) => rogue.say(2, SAMPLES["open-machine"])],
    ["delta-open came when new", (rogue) => rogue.say(1, SAMPLES["delta-open"])],
    ["staged came from the wrong end", (rogue) => rogue.say(1, SAMPLES["staged"])],
    ["ping came on a channel", (rogue) => rogue.say(1, SAMPLES["ping"])],
    ["open-machine came when asked", (rogue) => {
      rogue.say(1, SAMPLES["open-machine"]);
      rogue.say(1, SAMPLES["open-machine"]);
    }],
    ["extent came when asked", (rogue) => {
      rogue.say(1, SAMPLES["open-machine"]);
      const extent = encodeExtent(rawExtent(0, 4096));
      rogue.raw(encodeFrame(loadKernel(), "extent", 1, extent));
    }],
    ["compared came from the wrong end", (rogue) => {
      rogue.say(1, SAMPLES["open-machine"]);
      const compared = encodeCompared(COMPARED_SAMPLE);
      rogue.raw(encodeFrame(loadKernel(), "compared", 1, compared));
    }],
  ];
  for (const [expected, act] of cases) {
    const rogue = new Rogue();
    act(rogue);
    assert.equal(rogue.ended(), `protocol-violation: The peer broke the protocol: ${expected}`);
  }
});

Deno.test("an answer that nobody asked for ends the session", () => {
  const rogue = new Rogue("initiator");
  const channel = rogue.session!.openChannel();
  rogue.world.run(channel.send(SAMPLES["open-machine"]));
  rogue.say(1, SAMPLES["machine-opened"]);
  rogue.raw(encodeFrame(loadKernel(), "compared", 1, encodeCompared(COMPARED_SAMPLE)));
  assert.match(rogue.ended(), /^protocol-violation: .*was not asked for/);
});

Deno.test("an answer to another question ends the session", () => {
  const rogue = new Rogue("initiator");
  const channel = rogue.session!.openChannel();
  rogue.world.run(channel.send(SAMPLES["open-machine"]));
  rogue.say(1, SAMPLES["machine-opened"]);
  rogue.world.run(channel.receive());
  rogue.world.run(channel.sendCompare(COMPARE_SAMPLE));
  const other = encodeCompared({ ...COMPARED_SAMPLE, at: 0 });
  rogue.raw(encodeFrame(loadKernel(), "compared", 1, other));
  assert.match(rogue.ended(), /^protocol-violation: .*was not asked for/);
});

Deno.test("a peer that sends more than its window is ended, within the bound (E6)", () => {
  const rogue = new Rogue();
  rogue.say(1, SAMPLES["open-machine"]);
  const { world, session } = rogue;
  world.run(function* (): Task<void> {
    const channel = (yield* session!.accept())!;
    yield* channel.receive();
    yield* channel.send(SAMPLES["machine-opened"]);
    rogueOpens();
    yield* channel.receive();
    yield* channel.send(SAMPLES["delta-ready"]);
  }());
  function rogueOpens(): void {
    const frame = encodeControl(SAMPLES["delta-open"]);
    const bytes = encodeFrame(loadKernel(), "control", 1, frame);
    world.scope.spawn("rogue", rogue.ends[0].write(bytes));
  }
  const frame = encodeFrame(loadKernel(), "extent", 1, encodeExtent(zeroExtent(0, 4096)));
  const batch = new Uint8Array(frame.length * 100);
  for (let at = 0; at < batch.length; at += frame.length) batch.set(frame, at);
  const limit = SEND_WINDOW_MAX / frameCost(24) + 200;
  let sent = 0;
  while (!session!.closed && sent < limit) {
    assert(session!.held <= SEND_WINDOW_MAX + OUTBOX_MAX);
    rogue.raw(batch);
    world.runUntil(() => true);
    sent += 100;
  }
  assert.match(rogue.ended(), /extent came beyond what may be in flight/);
});

Deno.test("a bye names what went wrong, so the peer's log says it too", () => {
  const rogue = new Rogue();
  rogue.raw(new Uint8Array(16));
  assert.match(rogue.ended(), /^malformed: A frame is of version 0/);
  const decoder = new FrameDecoder(loadKernel());
  const reasons: string[] = [];
  rogue.world.run(function* (): Task<void> {
    while (true) {
      const bytes = yield* rogue.ends[0].read();
      if (bytes === undefined) return;
      decoder.push(bytes);
      for (let next = decoder.next(); next.kind === "frame"; next = decoder.next()) {
        const message = decodeControl(next.payload);
        if ("type" in message && message.type === "bye") reasons.push(message.reason);
      }
    }
  }());
  assert.deepEqual(reasons, ["A frame is of version 0"]);
});
