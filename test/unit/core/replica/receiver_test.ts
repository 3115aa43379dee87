/**
 * What a replica's receiver must not be talked into: acknowledging what a failed flush lost, forgetting
 * what it said is equal, driving its primary away.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import {
  type Incarnation,
  MILLISECOND,
  type PointId,
  SECOND,
  type SeedId,
} from "../../../../engine/core/base/units.ts";
import type { Ports } from "../../../../engine/core/ports/ports.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import type { Channel } from "../../../../engine/core/wire/channel.ts";
import { COMPARE_DIGEST_SIZE, unitDiffers } from "../../../../engine/core/wire/compare.ts";
import type { StagedExtent } from "../../../../engine/core/wire/extent.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { ask, asPeer, opening } from "../server/peer.ts";
import { filled, makePair, protect } from "../server/pair.ts";
import { retentionText } from "../../../../engine/core/wire/retention.ts";

const SEED = "5".repeat(32) as SeedId;

function raw(at: number, payload: Uint8Array): StagedExtent {
  const checksum = loadKernel().checksum(payload);
  return { disk: 0, at, length: payload.length, kind: "raw", payload, checksum };
}

function* differs(channel: Channel, at: number, content: Uint8Array): Task<boolean> {
  const digests = loadKernel().blockDigests(content, 512).slice(0, COMPARE_DIGEST_SIZE);
  yield* channel.sendCompare({ disk: 0, unit: 512, at, count: 1, digests });
  for (;;) {
    const incoming = yield* channel.receive();
    if (incoming.kind === "compared") return unitDiffers(incoming.compared, 0);
  }
}

Deno.test("a block of a seed that was found equal is not lost with the power (T3)", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const { world, a, b } = makePair(seed);
    const block = filled(512, 7);
    asPeer(world, a, function* (peer) {
      const channel = (yield* peer.session()).openChannel();
      yield* ask(channel, opening());
      yield* ask(channel, { type: "seed-begin", seed: SEED });
      for (let at = 0; at < 64; at++) yield* channel.sendExtent(raw(at * 512, block));
      return true;
    });
    world.runUntil(world.now + 5 * MILLISECOND);
    const compare = (): boolean[] =>
      asPeer(world, a, function* (peer) {
        const channel = (yield* peer.session()).openChannel();
        yield* ask(channel, opening());
        yield* ask(channel, { type: "seed-begin", seed: SEED });
        const found: boolean[] = [];
        for (let at = 0; at < 64; at++) found.push(yield* differs(channel, at * 512, block));
        return found;
      });
    const before = compare();
    b.host.powerLoss();
    b.host.powerOn();
    b.start();
    const after = compare();
    before.forEach((differed, at) => {
      if (!differed) equal(after[at], false, `seed ${seed}: block ${at} was lost`);
    });
  }
});

Deno.test("a first point whose channel ended amid its publishing can be failed over to (C5)", () => {
  let met = 0;
  for (let delay = 0; delay < 12 * MILLISECOND; delay += 200) {
    const { world, a, b } = makePair(14);
    const machine = opening();
    const told = asPeer(world, a, function* (peer) {
      const channel = (yield* peer.session()).openChannel();
      const next = (yield* peer.session()).openChannel();
      yield* ask(channel, machine);
      yield* ask(channel, { type: "seed-begin", seed: SEED });
      const { generation, disks: sizes } = machine;
      const id = "e".repeat(32) as PointId;
      const point = {
        id,
        parent: undefined,
        generation,
        cutAt: 1,
        kind: "standard",
        sizes,
      } as const;
      yield* channel.send({ type: "seed-publish", point, records: 0 });
      yield* (a.host.ports as Ports).clock.sleep(delay);
      return yield* ask(next, machine);
    });
    ok(told.type === "machine-opened");
    if (told.newest === null) continue;
    if (told.state === "Replicating") met++;
    world.runFor(SECOND);
    equal(b.server!.replica.machine("vm").state, "Replicating", `after ${delay} µs`);
    b.call("failover start", { vm: "vm" });
  }
  ok(met > 0);
});

Deno.test("progress is never told of what a failed flush lost, however many flushes follow (T10)", () => {
  const { world, a, b } = makePair(11);
  const told = asPeer(world, a, function* (peer) {
    const channel = (yield* peer.session()).openChannel();
    yield* ask(channel, opening());
    yield* ask(channel, { type: "seed-begin", seed: SEED });
    b.host.data.volume.faults.failFlushes = 1;
    let most = 0;
    try {
      for (let at = 0; at < 2000; at++) yield* channel.sendExtent(raw(at * 512, filled(512, 7)));
      for (;;) {
        const incoming = yield* channel.receive();
        if (incoming.kind !== "control") continue;
        const { message } = incoming;
        if (message.type === "refused") break;
        if (message.type === "progress") most = message.records;
      }
    } catch {
      // The channel ended: that is what is asked for.
    }
    return most;
  });
  equal(told, 0);
});

Deno.test("another machine of the same name does not drive the primary away (L7)", () => {
  const { world, a, b } = makePair(12);
  protect(a, { frequency: SECOND });
  a.host.kill();
  const machine = (b.server!.replica.machine("vm")).store;
  const newest = machine.newest?.id as PointId;
  const generation = machine.generation;
  const mine = {
    machine: machine.machine,
    generation,
    ancestry: b.server!.replica.machine("vm").record.ancestry,
    writer: [b.server!.replica.machine("vm").record.writer as Incarnation],
  };
  const ready = asPeer(world, a, function* (peer) {
    const session = yield* peer.session();
    const own = session.openChannel();
    yield* ask(own, opening(mine));
    // Nor does a copy of it, which is told who writes (L1).
    const copy = (yield* peer.session()).openChannel();
    const told = yield* ask(copy, opening({ ...mine, writer: ["c".repeat(32) as Incarnation] }));
    ok(told.type === "machine-opened" && told.writer === mine.writer[0]);
    const foreign = (yield* peer.session()).openChannel();
    const opened = yield* ask(foreign, opening());
    equal(opened.type, "machine-opened");
    const delta = "d".repeat(32);
    return yield* ask(own, {
      type: "delta-open",
      delta,
      parent: newest,
      generation,
      cut: "e".repeat(32) as PointId,
    });
  });
  equal(ready.type, "delta-ready");
});

Deno.test("a primary that was failed over from chooses nothing any more (L7)", () => {
  const { world, a, b } = makePair(13);
  protect(a, { retention: "last 7" });
  b.call("failover start", { vm: "vm" });
  b.call("failover complete", { vm: "vm" });
  const { store } = b.server!.replica.machine("vm");
  equal(retentionText(store.retention), "newest");
  a.call("replication disable", { vm: "vm" });
  a.call("replication enable", { vm: "vm", to: "b:7700", retention: "last 9" });
  a.call("replication start", { vm: "vm" });
  world.runUntil(world.now + 10 * SECOND);
  equal(retentionText(store.retention), "newest");
  equal(
    (b.call("points list", { vm: "vm" }) as JsonObject[]).length,
    1,
    "only what is now the machine",
  );
  ok((a.call("replication status", { vm: "vm" }) as JsonObject)["health"] === "Critical");
});

Deno.test("a replica that nothing comes to does nothing but give signs of life", () => {
  const { world, a } = makePair(14);
  protect(a, { frequency: 60 * SECOND });
  const { events } = world;
  world.runUntil(world.now + 20 * SECOND);
  ok(world.events - events < 100, `${world.events - events} events in 20 s`);
});
