/**
 * A stale primary: a third host with a copy of the machine from another time, which claims to be its
 * primary and does not know, or does not care, that its history is not the replica's.
 *
 * It speaks the protocol without a fault. Its data must be refused all the same: of an unknown generation
 * (L7), on a point that is not the newest (R2), or of an incarnation that the replica is not bound to (L1).
 *
 * @module
 */

import { isFailed, requestFailure } from "../../core/base/failure.ts";
import {
  type GenerationId,
  type Incarnation,
  type PointId,
  SECOND,
  toHex,
} from "../../core/base/units.ts";
import type { Ports } from "../../core/ports/ports.ts";
import { newIdentity } from "../../core/relationship/identity.ts";
import { Scope } from "../../core/runtime/scope.ts";
import type { Task } from "../../core/runtime/task.ts";
import { chainDigest, emptyChain, payloadDigest } from "../../core/wire/chain.ts";
import type { Channel } from "../../core/wire/channel.ts";
import type { ControlMessage } from "../../core/wire/message.ts";
import { Session } from "../../core/wire/session.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import { retentionOf } from "./scenario.ts";

/** What it gets wrong. */
export type Staleness = "generation" | "parent" | "writer";

/** Lets a stale primary try to have one block of its own staged. */
// Long because: it is one conversation, from the copy to the answer.
export function tryStale(drill: Drill, machine: MachineRun, what: Staleness): void {
  const { simulated, sites, world } = drill;
  const name = machine.spec.name;
  const real = sites.a.current === undefined ? undefined : primaryOf(sites.a.current.server, name);
  const replica = sites.b.current === undefined
    ? undefined
    : replicaOf(sites.b.current.server, name);
  if (replica === undefined || real === undefined) return;
  const { points, generation } = replica.store;
  // What rotted is taken back, and then the oldest point may be the newest.
  if (points.length < 2 || drill.rotten) return;
  // A primary that has presented itself to nobody has no copies that could be told from it.
  if (real.presence.writer.length === 0) return;
  const host = simulated.hosts.get("c") ?? simulated.addHost("c");
  const process = host.process ?? host.boot();
  const ports = host.ports as Ports;
  const strange = newIdentity<GenerationId>(ports.entropy);
  const [first] = real.ancestry;
  if (first === undefined) return;
  const ours = what !== "generation";
  const ancestry = ours ? real.ancestry : [{ ...first, generation: strange }];
  const parent = (what === "parent" ? points[0]?.id : points.at(-1)?.id) as PointId;
  const sizes = real.announced;
  const attempt = function* (): Task<void> {
    const scope = new Scope(ports.loop, "stale");
    try {
      const connection = yield* ports.network.connect("b:7700", 10 * SECOND);
      const incarnation = newIdentity<Incarnation>(ports.entropy);
      const hello = { server: "c", incarnation };
      const session = yield* Session.start(ports, scope, connection, "initiator", hello);
      const channel = session.openChannel();
      yield* channel.send({
        type: "open-machine",
        machine: real.id,
        name,
        generation: ours ? real.generation : strange,
        ancestry,
        disks: sizes,
        blockSize: world.blockSize,
        retention: retentionOf(machine.spec),
        frequency: machine.spec.frequency,
        base: null,
        issued: [],
        space: 0,
        // But for who it is, a clone knows all that the primary knew.
        writer: what === "writer"
          ? [newIdentity<Incarnation>(ports.entropy)]
          : real.presence.writer,
        listen: "",
        claim: "continue",
        seeding: "none",
        media: null,
        choices: undefined,
        purpose: undefined,
        yields: undefined,
      });
      yield* push(ports, channel, { parent, generation, sizes, blockSize: world.blockSize });
      session.close();
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
    } finally {
      yield* scope.cancel();
    }
  };
  process.scope.spawn("stale", attempt());
}

interface Claim {
  readonly parent: PointId;
  readonly generation: GenerationId;
  readonly sizes: readonly number[];
  readonly blockSize: number;
}

/** Sends a delta of one block and waits for what comes of it. */
function* push(ports: Ports, channel: Channel, claim: Claim): Task<void> {
  const { parent, generation, sizes, blockSize } = claim;
  const kernel = ports.codec.kernel;
  const delta = newIdentity<string>(ports.entropy);
  const point = newIdentity<PointId>(ports.entropy);
  yield* expect(channel, "machine-opened");
  yield* channel.send({ type: "delta-open", delta, parent, generation, cut: point });
  yield* expect(channel, "delta-ready");
  const payload = new Uint8Array(blockSize).fill(0x5a);
  const checksum = kernel.checksum(payload);
  const extent = { disk: 0, at: 0, length: blockSize, kind: "raw" as const, payload, checksum };
  const digest = yield* payloadDigest(ports.codec, extent);
  yield* channel.sendExtent(extent);
  const cutAt = Math.max(0, ports.clock.wall());
  yield* channel.send({
    type: "delta-seal",
    delta,
    point: { id: point, parent, generation, cutAt, kind: "standard", sizes },
    records: 1,
    digest: toHex(chainDigest(kernel, emptyChain(), extent, digest)),
  });
  yield* expect(channel, "staged");
}

/** Waits for a message; a refusal or the channel's end is a failure. */
function* expect(channel: Channel, type: ControlMessage["type"]): Task<void> {
  for (;;) {
    const incoming = yield* channel.receive();
    if (incoming.kind !== "control") continue;
    if (incoming.message.type === type) return;
    if (incoming.message.type === "refused") {
      channel.close();
      throw requestFailure("unauthorized", "The stale primary was refused", "Let it go");
    }
  }
}
