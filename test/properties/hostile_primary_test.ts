/**
 * Hostile conversations by a replica against a whole simulated server as its primary: never a crash,
 * tracking goes on, nothing counts as staged that cannot be, and replication goes on with the honest
 * replica when it is back.
 *
 * The peer has a valid certificate. A failure prints the seed of its batch; `WARMSITE_SEED=n` begins
 * there.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../engine/core/base/json.ts";
import { SEND_WINDOW_MAX } from "../../engine/core/base/limits.ts";
import { MiB, type PointId, SECOND } from "../../engine/core/base/units.ts";
import type { TrackedDisk } from "../../engine/core/tracking/tracked_disk.ts";
import type { ControlMessage, MessageOf } from "../../engine/core/wire/message.ts";
import { Prng } from "../../engine/sim/prng.ts";
import type { SimWorld } from "../../engine/sim/world.ts";
import { filled, makePair, protect, type Site } from "../unit/core/server/pair.ts";
import { SAMPLES } from "../unit/core/wire/samples.ts";
import { LyingReplica } from "./hostile/lying_replica.ts";
import { scripted } from "./hostile/scripted_replica.ts";

const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 1);
const BATCHES = 40;
const CONVERSATIONS = 100;
const BLOCK = 512;

function tracked(site: Site): TrackedDisk {
  return site.server!.primary.entry("vm").machine.tracked[0]!;
}

/** Lets a lying replica answer the primary at `a` until it has had its conversations. */
function stateOf(a: Site): string {
  return a.server!.primary.entry("vm").machine.state;
}

function lie(world: SimWorld, a: Site, b: Site, seed: number, reached: Map<string, number>): void {
  const random = new Prng(seed);
  const liar = new LyingReplica(seed, seed % 2 === 0);
  b.host.start((ports, scope) => liar.serve(ports, scope, "b:7700"));
  const written: number[] = [];
  const limit = world.now + 24 * 3600 * SECOND;
  while (liar.conversations < CONVERSATIONS) {
    assert(
      world.now < limit,
      `seed ${seed}: after ${liar.conversations} conversations no more come`,
    );
    // Some lies are what only a person can mend: he looks, and goes on.
    if (stateOf(a) === "Error") a.call("replication resume", { vm: "vm" });
    if (!liar.losing && stateOf(a) === "WaitingForStartResynchronize") {
      a.call("replication resync start", { vm: "vm" });
    }
    const at = random.below(2000);
    const length = random.between(1, 40);
    a.write("vm/0", at * BLOCK, random.bytes(length * BLOCK));
    for (let block = at; block < at + length; block++) written.push(block);
    world.runFor(random.between(1, 5) * SECOND);
    assert.equal(world.violations[0]?.message, undefined, `batch of seed ${seed}`);
    const lost = written.find((block) => !tracked(a).marked(block));
    assert.equal(lost, undefined, `seed ${seed}: block ${lost} is not marked any more`);
  }
  for (const [what, count] of liar.reached) reached.set(what, (reached.get(what) ?? 0) + count);
  b.host.kill();
}

/** The honest replica is back: a cycle is staged, and a failover shows what the guest has. */
function comeBack(world: SimWorld, a: Site, b: Site, seed: number): void {
  b.start();
  if (stateOf(a) === "Error") a.call("replication resume", { vm: "vm" });
  world.runFor(5 * SECOND);
  if (stateOf(a) === "WaitingForStartResynchronize") {
    a.call("replication resync start", { vm: "vm" });
  }
  const from = a.server!.primary.entry("vm").replicator!.statistics.cycles;
  // A lie may have had it lose its base: then whole disks are compared first.
  world.runWhile(
    () =>
      a.server!.primary.entry("vm").replicator!.statistics.cycles === from ||
      stateOf(a) !== "Replicating",
    600 * SECOND,
  );
  const status = a.call("replication status", { vm: "vm" }) as JsonObject;
  const { cycles } = a.server!.primary.entry("vm").replicator!.statistics;
  assert(cycles > from, `seed ${seed}: nothing is replicated any more: ${JSON.stringify(status)}`);
  assert.equal(status["state"], "Replicating", `seed ${seed}`);
  a.call("replication cycle", { vm: "vm" });
  b.call("failover start", { vm: "vm" });
  const size = tracked(a).size;
  assert.deepEqual(b.read("vm/0", 0, size), a.read("vm/0", 0, size), `seed ${seed}`);
  b.call("failover cancel", { vm: "vm" });
}

Deno.test("a lying replica neither crashes its primary nor ends replication", () => {
  const reached = new Map<string, number>();
  for (let batch = 0; batch < BATCHES; batch++) {
    const seed = SEED + batch;
    const { world, a, b } = makePair(seed);
    // Compared or seeded again by itself it would clear bits of what it was really sent and told is there.
    protect(a, { frequency: 2 * SECOND, resync: "manual" });
    a.write("vm/0", 0, filled(9000, 7));
    a.call("replication cycle", { vm: "vm" });
    b.host.kill();
    lie(world, a, b, seed, reached);
    comeBack(world, a, b, seed);
  }
  // The conversations got to every turn, not to the parser alone.
  for (const what of ["open-machine", "delta-open", "extent", "compare", "delta-seal"]) {
    assert((reached.get(what) ?? 0) > BATCHES, `${what}: ${JSON.stringify([...reached])}`);
  }
});

/** What a replica answers that agrees with everything and has `newest`. */
function welcome(
  { generation, ancestry, writer }: MessageOf<"open-machine">,
  newest: PointId | null,
): ControlMessage {
  return {
    type: "machine-opened",
    generation,
    ancestry,
    newest,
    seed: null,
    delta: null,
    writer: writer[0] ?? null,
    tail: null,
    state: "Replicating",
    refuses: undefined,
  };
}

/** The failure that status shows, and whether it is tried again: after a replica that says `script`. */
function afterLie(
  seed: number,
  settings: JsonObject,
  size: number,
  script: Parameters<typeof scripted>[2],
): string {
  const { world, a, b } = makePair(seed, 32 * MiB);
  protect(a, { frequency: 2 * SECOND, ...settings });
  b.host.kill();
  a.write("vm/0", 0, new Prng(seed).bytes(size));
  b.host.start((ports) => scripted(ports, "b:7700", script));
  // After 1, 2 and 4 minutes; who says what only a person can mend is not asked again by itself.
  const { statistics } = a.server!.primary.entry("vm").replicator!;
  for (let looks = 0; looks < 60 && statistics.failures < 3; looks++) {
    world.runFor(10 * SECOND);
    if (stateOf(a) === "Error") a.call("replication resume", { vm: "vm" });
  }
  assert.equal(world.violations[0]?.message, undefined);
  const { lastFailure } = a.server!.primary.entry("vm").replicator!;
  assert(statistics.failures > 2, "it is tried again");
  b.host.kill();
  comeBack(world, a, b, seed);
  return lastFailure?.code ?? "none";
}

Deno.test("a replica that refuses with a code of internal control is one that broke the protocol", () => {
  for (const code of ["cancelled", "view-given-up", "gate-timeout", "nobody-knows"]) {
    const said = afterLie(1, {}, 9000, function* (message, say) {
      if (message.type !== "open-machine") return;
      yield* say({ ...SAMPLES["refused"], code } as ControlMessage);
    });
    assert.equal(said, "protocol-violation", code);
  }
});

Deno.test("progress beyond what was sent, while the sender waits in its window, is one failed attempt", () => {
  const said = afterLie(2, { compression: false }, 24 * MiB, function* (message, say, extents) {
    if (message.type === "open-machine") {
      yield* say(welcome(message, message.base));
    } else if (message.type === "delta-open") {
      yield* say({ type: "delta-ready", delta: message.delta, records: 0 });
      // Nothing of it is acknowledged until nothing more can be in flight.
      while (extents.bytes < SEND_WINDOW_MAX - 2 * MiB) yield* extents.more();
      yield* say({ type: "progress", records: 1_000_000 });
    }
  });
  assert.equal(said, "protocol-violation");
});

Deno.test("records of an earlier channel that are acknowledged late are no crash", () => {
  let channels = 0;
  const said = afterLie(3, { compression: false }, 4 * MiB, function* (message, say, extents) {
    if (message.type === "open-machine") {
      yield* say(welcome(message, message.base));
    } else if (message.type === "delta-open") {
      channels++;
      // In the later lives of the delta: before it says how many it has, it says that it has one.
      if (channels > 1) yield* say({ type: "progress", records: 2 });
      const records = channels > 1 ? 2 : 0;
      yield* say({ type: "delta-ready", delta: message.delta, records });
      const enough = channels > 1 ? 1 : 3 * MiB;
      while (extents.bytes < enough) yield* extents.more();
      yield* say({ ...SAMPLES["refused"], code: "no-space" } as ControlMessage);
    }
  });
  assert.equal(said, "no-space");
});

Deno.test("a replica that has a point which was never sealed has it from nowhere: nothing is forgotten", () => {
  let cut: PointId | null = null;
  const said = afterLie(4, {}, 9000, function* (message, say) {
    if (message.type === "open-machine") {
      yield* say(welcome(message, cut ?? message.base));
    } else if (message.type === "delta-open") {
      cut = message.cut;
      yield* say({ ...SAMPLES["refused"], code: "no-space" } as ControlMessage);
    }
  });
  assert.equal(said, "protocol-violation");
});
