/**
 * A peer with a valid certificate that speaks as a primary to a simulated server, message by message.
 *
 * @module
 */

import { localFailure } from "../../../../engine/core/base/failure.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import type { GenerationId, Incarnation, MachineId } from "../../../../engine/core/base/units.ts";
import type { Ports } from "../../../../engine/core/ports/ports.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import type { Channel } from "../../../../engine/core/wire/channel.ts";
import type { ControlMessage, MessageOf } from "../../../../engine/core/wire/message.ts";
import { Session } from "../../../../engine/core/wire/session.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import type { Site } from "./pair.ts";

/** A session of the peer's to `to`. */
export class Peer {
  readonly #ports: Ports;
  readonly #scope: Scope;
  readonly #to: string;

  constructor(ports: Ports, to: string) {
    this.#ports = ports;
    this.#scope = new Scope(ports.loop, "peer");
    this.#to = to;
  }

  /** Connects and says hello. */
  *session(): Task<Session> {
    const connection = yield* this.#ports.network.connect(this.#to, SECOND);
    const incarnation = "0".repeat(32) as Incarnation;
    return yield* Session.start(this.#ports, this.#scope, connection, "initiator", {
      server: "a",
      incarnation,
    });
  }
}

/** Runs `work` as a peer on the host of `site`, whose server was stopped, and returns what it gives. */
export function asPeer<T>(
  world: SimWorld,
  site: Site,
  work: (peer: Peer) => Task<T>,
): T {
  const result: { value?: T; error?: unknown } = {};
  if (site.host.process !== undefined) site.host.kill();
  site.host.start(function* (ports) {
    try {
      result.value = yield* work(new Peer(ports, "b:7700"));
    } catch (error) {
      result.error = error;
    }
  });
  world.runWhile(() => !("value" in result) && result.error === undefined, 60 * SECOND);
  if (result.error !== undefined) throw result.error;
  if (!("value" in result)) throw localFailure("timed-out", "The peer got no answer", "Try again");
  return result.value as T;
}

/** Asks on `channel` and returns the next control message that is not progress or applied. */
export function* ask(channel: Channel, message: ControlMessage): Task<ControlMessage> {
  yield* channel.send(message);
  return yield* answer(channel);
}

/** The next control message that is not progress or applied. */
export function* answer(channel: Channel): Task<ControlMessage> {
  for (;;) {
    const incoming = yield* channel.receive();
    if (incoming.kind !== "control") continue;
    if (incoming.message.type !== "progress" && incoming.message.type !== "applied") {
      return incoming.message;
    }
  }
}

/** A sound open-machine of a machine that nobody knows. */
export function opening(
  change: Partial<MessageOf<"open-machine">> = {},
): MessageOf<"open-machine"> {
  const generation = "2".repeat(32) as GenerationId;
  return {
    type: "open-machine",
    machine: "1".repeat(32) as MachineId,
    name: "vm",
    generation,
    ancestry: [{ generation, parent: null, branch: null, writer: "a", reason: "created" }],
    disks: [1024 * 1024],
    blockSize: 512,
    retention: "last 24",
    frequency: 5 * SECOND,
    base: null,
    issued: [],
    space: 0,
    writer: ["0".repeat(32) as Incarnation],
    listen: "",
    claim: "continue",
    seeding: "none",
    media: null,
    choices: undefined,
    purpose: undefined,
    yields: undefined,
    ...change,
  };
}
