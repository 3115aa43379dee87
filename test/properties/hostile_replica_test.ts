/**
 * Hostile conversations against a whole simulated server that holds a replica with points: never a
 * crash, never a change.
 *
 * The peer has a valid certificate and knows the machine's identity; every conversation is mutated, and
 * none of its points can be sealed soundly, so that nothing it says may change what is listed. A failure
 * prints the seed of its batch; `WARMSITE_SEED=n` begins there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Json, JsonObject } from "../../engine/core/base/json.ts";
import type { Connection } from "../../engine/core/ports/network.ts";
import type { Ports } from "../../engine/core/ports/ports.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { Prng } from "../../engine/sim/prng.ts";
import type { SimWorld } from "../../engine/sim/world.ts";
import { SAMPLES } from "../unit/core/wire/samples.ts";
import { filled, makePair, protect, type Site } from "../unit/core/server/pair.ts";
import { controlFrame, frameBytes } from "./hostile/conversation.ts";
import { hostileInput } from "./hostile/mutation.ts";
import { retentionText } from "../../engine/core/wire/retention.ts";

const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 1);
const BATCHES = 60;
const INPUTS = 40;

/** Hello, and often a sound open-machine of the machine that is there, before the hostile part. */
function preamble(random: Prng, b: Site): Uint8Array[] {
  const parts = [frameBytes(controlFrame(0, { ...SAMPLES["hello"], server: "a" }))];
  if (random.below(4) === 0) return parts;
  const { store, record } = b.server!.replica.machine("vm");
  const opening = {
    ...SAMPLES["open-machine"],
    name: "vm",
    machine: store.machine,
    generation: store.generation,
    ancestry: record.ancestry,
    disks: store.sizes,
    blockSize: store.geometry.blockSize,
    retention: retentionText(store.retention),
    writer: [record.writer!],
  };
  parts.push(frameBytes(controlFrame(1, opening)));
  const parent = store.newest!.id;
  if (random.flip()) {
    const open = { ...SAMPLES["delta-open"], parent, generation: store.generation };
    parts.push(frameBytes(controlFrame(1, open)));
  }
  return parts;
}

function* converse(ports: Ports, parts: readonly Uint8Array[]): Task<void> {
  let connection: Connection | undefined;
  try {
    connection = yield* ports.network.connect("b:7700", SECOND);
    for (const part of parts) {
      yield* connection.write(part);
      yield* ports.clock.sleep(2000);
    }
  } catch (error) {
    if (!isFailed(error)) throw error;
  } finally {
    connection?.close();
  }
}

/** Every listed point and every byte of it, and where the machine stands. */
function contents(b: Site): { readonly points: Json; readonly state: Json; bytes: Uint8Array[] } {
  const points = b.call("points list", { vm: "vm" }) as JsonObject[];
  const { store } = b.server!.replica.machine("vm");
  const bytes = store.points.map(({ id }) =>
    b.host.run((function* () {
      const view = yield* store.view(id);
      try {
        return yield* view.read(0, 0, view.sizes[0] as number);
      } finally {
        yield* view.close();
      }
    })())
  );
  const status = b.call("replication status", { vm: "vm" }) as JsonObject;
  return {
    points,
    state: [status["state"], status["generation"], retentionText(store.retention)] as Json,
    bytes,
  };
}

function attack(world: SimWorld, a: Site, b: Site, seed: number): void {
  const random = new Prng(seed);
  let done = false;
  a.host.start(function* (ports) {
    for (let left = INPUTS; left > 0; left--) {
      const { parts } = hostileInput(random, "primary", { whole: random.below(4) === 0 });
      yield* converse(ports, [...preamble(random, b), ...parts]);
    }
    done = true;
  });
  world.runWhile(() => !done, 600 * SECOND);
  assert(done, "The hostile peer never ended");
  a.host.kill();
  world.runUntil(world.now + 40 * SECOND);
}

Deno.test("hostile conversations neither crash a replica nor change a point of it", () => {
  const { world, a, b } = makePair(SEED);
  protect(a);
  for (let value = 1; value <= 3; value++) {
    a.write("vm/0", value * 3000, filled(9000, value));
    a.call("replication cycle", { vm: "vm" });
  }
  a.host.kill();
  world.runUntil(world.now + 10 * SECOND);
  const before = contents(b);
  const met = new Map<string, number>();
  world.onEngineEvent.push(({ host, event }) => {
    if (host !== "b" || event.kind !== "failure") return;
    met.set(event.failure.code, (met.get(event.failure.code) ?? 0) + 1);
  });
  for (let batch = 0; batch < BATCHES; batch++) {
    const seed = SEED + batch;
    attack(world, a, b, seed);
    assert.equal(world.violations[0]?.message, undefined, `batch of seed ${seed}`);
    assert.deepEqual(contents(b), before, `batch of seed ${seed}`);
  }
  // The replica itself was reached, not the parser alone.
  const reached = [...met.values()].reduce((sum, count) => sum + count, 0);
  assert(reached > BATCHES && met.size >= 3, JSON.stringify([...met]));
  // What was kept of them is no harm to the primary that comes back.
  a.start();
  a.write("vm/0", 0, filled(512, 9));
  a.call("replication cycle", { vm: "vm" });
});
