/**
 * The replica as its primary talks to it on one channel: requests, their answers, and the progress that
 * comes in between.
 *
 * Rule: one task receives; who asked something waits for the answer's signal. Anything that does not
 * answer a question is a protocol violation and ends the channel.
 *
 * @module
 */

import { Failed, isFailed, LINK_ENDED, localFailure, peerFailure } from "../base/failure.ts";
import { PEER_SILENCE_MAX } from "../base/limits.ts";
import type { PointId } from "../base/units.ts";
import type { Ancestry } from "../lineage/generation.ts";
import type { Clock } from "../ports/clock.ts";
import type { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { within } from "../runtime/together.ts";
import type { Channel, Incoming } from "../wire/channel.ts";
import type { Compare, Compared } from "../wire/compare.ts";
import type { StagedExtent } from "../wire/extent.ts";
import type { ControlMessage } from "../wire/message.ts";
import { refusedBecause } from "../wire/refusal.ts";
import type { Shipment } from "./shipment.ts";

/** Messages by type. */
type Message<Type extends ControlMessage["type"]> = Extract<ControlMessage, { type: Type }>;

/** What the replica may answer. */
type Answer = Message<
  | "machine-opened"
  | "tail-told"
  | "planned-held"
  | "planned-returned"
  | "planned-taken"
  | "seed-ready"
  | "delta-ready"
  | "staged"
>;

/** One open channel to the replica of one machine. */
export class ReplicaPeer {
  /** The shipment whose progress comes in; set before anything is sent for it. */
  shipment: Shipment | undefined;
  /** The newest point that the replica said it has applied. */
  applied: PointId | undefined;
  /** When it said so, wall time in µs since 1970. */
  appliedAt: number | undefined;
  /** What the replica ended the channel with, when it said why. */
  refusal: Failed | undefined;
  /** Its history, where it refused because that and ours have parted. */
  theirs: Ancestry | undefined;
  /** Bytes of every disk, as the replica was told last. */
  #sizes: readonly number[] = [];
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #onRefused: () => void;
  readonly #onApplied: () => void;
  readonly #changed = new Signal();
  #answer: Answer | undefined;
  readonly #compared: Compared[] = [];
  #failure: Failed | undefined;

  /** `onRefused` is called when the replica refuses, in answer to something or between cycles. */
  constructor(
    channel: Channel,
    clock: Clock,
    scope: Scope,
    onRefused: () => void,
    onApplied: () => void = () => {},
  ) {
    this.#channel = channel;
    this.#clock = clock;
    this.#onRefused = onRefused;
    this.#onApplied = onApplied;
    scope.spawn("receive", this.#receive());
  }

  /** The replica server's name, as its certificate says. */
  get server(): string {
    return this.#channel.session.peer.name;
  }

  /** Why the channel ended; `undefined` while it lives. */
  get failure(): Failed | undefined {
    return this.#failure;
  }

  /** Ends the channel. What is in flight stays so until a reconnect tells the durable prefix. */
  close(because?: Failed): void {
    if (this.#failure !== undefined) return;
    this.#failure = because ??
      localFailure("connection-lost", "The connection was closed", LINK_ENDED);
    this.#channel.close();
    this.#changed.notify();
  }

  /** Sends `message` and waits for the answer of type `type`. */
  *ask<Type extends Answer["type"]>(message: ControlMessage, type: Type): Task<Message<Type>> {
    this.#answer = undefined;
    yield* this.#saying(this.#channel.send(message));
    return yield* this.answer(type);
  }

  /** Waits for an answer of type `type`; the session's own liveness check bounds the wait. */
  *answer<Type extends Answer["type"]>(type: Type): Task<Message<Type>> {
    yield* this.#changed.until(() => this.#answer !== undefined || this.#failure !== undefined);
    const answer = this.#answer;
    if (answer?.type !== type) throw this.#failure ?? this.#violated(`Expected ${type}`);
    this.#answer = undefined;
    return answer as Message<Type>;
  }

  /** Sends one record of the shipment; returns when it was handed to the connection. */
  *ship(shipment: Shipment, extent: StagedExtent, digest: Uint8Array): Task<void> {
    const number = shipment.add(extent, digest);
    const cost = yield* this.#saying(this.#channel.sendExtent(extent));
    if (this.#failure !== undefined) throw this.#failure;
    // Durable before we were told that it was sent: give its part of the window back here.
    if (!shipment.weigh(number, cost)) this.#channel.window.credit(cost);
  }

  /** Asks which units of a range differ at the replica; questions are answered in order. */
  *compare(request: Compare): Task<Compared> {
    yield* this.#saying(this.#channel.sendCompare(request));
    // The channel lets no answer in but the one to the oldest open question.
    const mine = ({ disk, unit, at, count }: Compared) =>
      disk === request.disk && unit === request.unit && at === request.at &&
      count === request.count;
    yield* this.#changed.until(() => this.#compared.some(mine) || this.#failure !== undefined);
    const place = this.#compared.findIndex(mine);
    if (place < 0) throw this.#failure ?? this.#violated("Expected compared");
    return this.#compared.splice(place, 1)[0] as Compared;
  }

  /** Waits until everything sent is durable at the replica. */
  *drained(): Task<void> {
    yield* this.#changed.until(() =>
      this.shipment?.settled !== false || this.#failure !== undefined
    );
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The shipment as a whole is durable: *staged* says so for every record. */
  settle(): void {
    if (this.shipment !== undefined) this.#acknowledge(this.shipment.sent);
  }

  /** The replica has applied `point`. */
  noteApplied(point: PointId): void {
    this.applied = point;
    this.appliedAt = this.#clock.wall();
  }

  /** Sends a message that has no answer. */
  tell(message: ControlMessage): Task<void> {
    return this.#saying(this.#channel.send(message));
  }

  /** Says something: who cannot, because we ended the channel, is told why we did. */
  *#saying<T>(words: Task<T>): Task<T> {
    try {
      return yield* words;
    } catch (error) {
      throw !isFailed(error) || error.code === "cancelled" ? error : this.#failure ?? error;
    }
  }

  /** Opens the conversation within the time in which a peer must show life. */
  open(message: Message<"open-machine">): Task<Message<"machine-opened">> {
    this.#sizes = message.disks;
    return within(
      this.#clock,
      PEER_SILENCE_MAX,
      "Opening the machine at the replica",
      this.ask(message, "machine-opened"),
    );
  }

  /** Tells the replica of disks that are larger than it knows, ahead of what lies there (C6). */
  *tellSizes(sizes: readonly number[]): Task<void> {
    if (sizes.every((size, index) => size <= (this.#sizes[index] ?? 0))) return;
    this.#sizes = sizes;
    yield* this.tell({ type: "disks", disks: sizes });
  }

  *#receive(): Task<void> {
    try {
      while (this.#failure === undefined) this.#take(yield* this.#channel.receive());
    } catch (error) {
      if (!isFailed(error)) throw error;
      this.close(error);
    }
  }

  #take(incoming: Incoming): void {
    if (incoming.kind === "compared") this.#compared.push(incoming.compared);
    else if (incoming.kind === "control") this.#takeControl(incoming.message);
    else throw this.#violated(`A replica does not send ${incoming.kind}`);
    this.#changed.notify();
  }

  #takeControl(message: ControlMessage): void {
    switch (message.type) {
      case "progress":
        return this.#acknowledge(message.records);
      case "applied":
        this.noteApplied(message.point);
        return this.#onApplied();
      case "refused":
        this.refusal = new Failed(refusedBecause(message));
        this.theirs = message.ancestry;
        this.#onRefused();
        throw this.refusal;
      case "machine-opened":
      case "tail-told":
      case "planned-held":
      case "planned-returned":
      case "planned-taken":
      case "seed-ready":
      case "delta-ready":
      case "staged":
        this.#answer = message;
        return;
      default:
        throw this.#violated(`A replica does not send ${message.type}`);
    }
  }

  /** For sealed deltas too: whoever knows that records are durable says so here. */
  #acknowledge(records: number): void {
    const credit = this.shipment?.acknowledge(records);
    if (credit === undefined) throw this.#violated("Progress beyond what was sent");
    this.#channel.window.credit(credit);
  }

  #violated(what: string): Failed {
    const failure = peerFailure(
      "protocol-violation",
      `The replica broke the protocol: ${what}`,
      "Check that both servers run the same version",
    );
    this.close(failure);
    return failure;
  }
}
