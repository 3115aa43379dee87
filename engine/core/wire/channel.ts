/**
 * A channel: one machine's conversation on a session, in the order in which it was said.
 *
 * Rule: what a peer says out of order, in the wrong role or beyond its window ends the session with a
 * named failure before anybody hears of it. The channel does not know what is said, only when.
 *
 * @module
 */
// Long because: both directions of one conversation, which end together.

import { assert } from "../base/assert.ts";
import { ByteWriter } from "../base/bytes.ts";
import { type Failure, LINK_ENDED } from "../base/failure.ts";
import { Failed } from "../base/failure.ts";
import { Mutex } from "../runtime/lock.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import type { Compare, Compared } from "./compare.ts";
import { decodeCompare, decodeCompared, encodeCompare, encodeCompared } from "./compare.ts";
import { Conversation, type Utterance } from "./conversation.ts";
import {
  decodeExtent,
  RECORD_HEADER_SIZE,
  type StagedExtent,
  writeRecordHeader,
} from "./extent.ts";
import { type Checksummer, encodeFrame, type FrameType, openFrame, sealFrame } from "./frame.ts";
import type { Inbox } from "./inbox.ts";
import { frameCost } from "./limits.ts";
import { legible } from "./fields.ts";
import { isMalformed } from "./malformed.ts";
import type { ControlMessage } from "./message.ts";
import { decodeControl, encodeControl, MESSAGES } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import { refusal, refusedBecause } from "./refusal.ts";
import { ChannelWindow, type SendWindow } from "./send_window.ts";
import type { Session } from "./session.ts";
import type { Throttle } from "./throttle.ts";

/** What arrives on a channel, in the order in which it was sent. Payloads are owned by the receiver. */
export type Incoming =
  | { readonly kind: "control"; readonly message: ControlMessage }
  | { readonly kind: "extent"; readonly extent: StagedExtent }
  | { readonly kind: "compare"; readonly compare: Compare }
  | { readonly kind: "compared"; readonly compared: Compared };

/** Which end of a channel this is. */
export type ChannelSide = "primary" | "replica";

/** What a session lends its channels. */
export interface ChannelLink {
  readonly session: Session;
  readonly side: ChannelSide;
  readonly kernel: Checksummer;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly window: SendWindow;
  readonly throttles: readonly Throttle[];
  /** The number of a channel that is about to send its first frame. */
  number(channel: Channel): number;
  /** Frames of this channel are ignored from now on. */
  forget(channel: Channel): void;
}

/** A comparison on its way, and what it took of the window. */
interface Asked {
  readonly compare: Compare;
  readonly cost: number;
}

interface Received {
  readonly incoming: Incoming;
  readonly cost: number;
}

/** One machine's conversation, from open-machine until either end says bye or refused. */
export class Channel {
  /** The session it is on. */
  readonly session: Session;
  /** What is in flight of this channel: to be credited, nothing else. */
  readonly window: ChannelWindow;
  readonly #link: ChannelLink;
  readonly #conversation = new Conversation();
  readonly #order = new Mutex();
  readonly #arrived = new Signal();
  #number: number | undefined;
  #received: Received[] = [];
  #asked: Asked[] = [];
  /** Answers received and not taken yet: the first of `#asked` are theirs. */
  #answered = 0;
  #ended: Failure | undefined;

  /** Made by `Session` alone; a responder's channel has its number already. */
  constructor(link: ChannelLink, number?: number) {
    this.session = link.session;
    this.window = new ChannelWindow(link.window);
    this.#link = link;
    this.#number = number;
  }

  /** True once the channel or its session has ended; what was received before may still be taken. */
  get closed(): boolean {
    return this.#ended !== undefined;
  }

  /** Why it ended, for messages; `undefined` while open. */
  get closeReason(): Failure | undefined {
    return this.#ended;
  }

  /**
   * Sends a control message of our role. Everything on a channel goes out in the order of the calls;
   * a call waits for those before it and for room towards the connection. Throws once the channel has
   * ended. Refused ends it.
   */
  *send(message: ControlMessage): Task<void> {
    const { sender, where } = MESSAGES[message.type];
    assert(sender === this.#link.side && where === "channel", `We may send ${message.type} here`);
    yield* this.#order.during(this.#sendControl(message));
  }

  *#sendControl(message: ControlMessage): Task<void> {
    const payload = encodeControl(message);
    yield* this.#link.outbox.room();
    this.#say(message.type as Utterance);
    this.#link.outbox.put(this.#frame("control", payload));
    if (message.type === "refused") this.#end(refusedBecause(message), true);
  }

  /**
   * Sends an extent: waits for the window, which it takes from by itself, for the throttle and for
   * room. Returns what it took, to be given to `window.credit` when durable progress covers the
   * extent. The payload is copied before this returns and must not change until then.
   */
  *sendExtent(extent: StagedExtent): Task<number> {
    const cost = frameCost(RECORD_HEADER_SIZE + extent.payload.length);
    yield* this.#order.during(this.#sendData("extent", cost, () => {
      const frame = openFrame(RECORD_HEADER_SIZE + extent.payload.length);
      writeRecordHeader(new ByteWriter(frame.payload), extent).raw(extent.payload);
      return sealFrame(this.#link.kernel, frame, "extent", this.#number as number);
    }));
    return cost;
  }

  /** Sends a comparison. What it takes of the window comes back when its answer is received. */
  *sendCompare(compare: Compare): Task<void> {
    const payload = encodeCompare(compare);
    const cost = frameCost(payload.length);
    yield* this.#order.during(this.#sendData("compare", cost, () => {
      this.#asked.push({ compare, cost });
      return this.#frame("compare", payload);
    }));
  }

  /** Answers the oldest comparison that was received and is not answered. */
  *sendCompared(compared: Compared): Task<void> {
    const payload = encodeCompared(compared);
    yield* this.#order.during(this.#sendAnswer(compared, payload));
  }

  *#sendAnswer(compared: Compared, payload: Uint8Array): Task<void> {
    yield* this.#link.outbox.room();
    this.#say("compared");
    const asked = this.#asked.shift();
    assert(asked !== undefined && answers(compared, asked.compare), "An answer has its question");
    this.#link.outbox.put(this.#frame("compared", payload));
  }

  *#sendData(what: "extent" | "compare", cost: number, make: () => Uint8Array): Task<void> {
    assert(this.#link.side === "primary", "Only the primary sends data");
    if (!(yield* this.window.take(cost))) throw this.#reason();
    let sent = false;
    try {
      for (const throttle of this.#link.throttles) yield* throttle.take(cost);
      yield* this.#link.outbox.room();
      this.#say(what);
      this.#link.outbox.put(make());
      sent = true;
    } finally {
      if (!sent) this.window.credit(cost);
    }
  }

  /** Checks, without suspending, that `what` may be said now; the caller puts its frame at once. */
  #say(what: Utterance): void {
    if (this.#ended !== undefined) throw this.#reason();
    assert(this.#conversation.pass(what), `We may say ${what} when ${this.#conversation.phase}`);
    this.#number ??= this.#link.number(this);
  }

  #frame(type: FrameType, payload: Uint8Array): Uint8Array {
    return encodeFrame(this.#link.kernel, type, this.#number as number, payload);
  }

  /**
   * The next thing the peer said, in order. Throws why the channel or its session has ended, after
   * what could be kept of what came before.
   */
  *receive(): Task<Incoming> {
    yield* this.#arrived.until(() => this.#received.length > 0 || this.#ended !== undefined);
    const next = this.#received.shift();
    if (next === undefined) throw this.#reason();
    this.#link.inbox.give(next.incoming.kind === "control", next.cost);
    if (next.incoming.kind === "compared") {
      this.window.credit(this.#asked.shift()?.cost ?? 0);
      this.#answered--;
    }
    return next.incoming;
  }

  /**
   * Ends the channel: what was sent before goes out, then bye; what was not received is dropped, and
   * whoever waits here gets `connection-lost`.
   */
  close(reason = "done"): void {
    if (this.#ended !== undefined) return;
    if (this.#number !== undefined) {
      const payload = encodeControl({ type: "bye", reason: legible(reason) });
      this.#link.outbox.put(this.#frame("control", payload));
    }
    const message = "The channel was closed here";
    // Not `cancelled`: nobody's task was asked to stop, and who waits must not take it for that.
    this.#end({ code: "connection-lost", side: "local", message, action: LINK_ENDED }, true);
  }

  /**
   * Ends the channel with why nothing is accepted any more, e.g. because the machine was failed over.
   * Waits for nobody; what was not received is dropped. A replica's alone.
   */
  refuse(because: Failure): void {
    if (this.#ended !== undefined) return;
    assert(this.#link.side === "replica", "Only the replica refuses");
    this.#say("refused");
    this.#link.outbox.put(this.#frame("control", encodeControl(refusal(because))));
    this.#end(because, true);
  }

  /** For `Session` alone: the session has ended; `drop` forgets what was received. */
  end(failure: Failure, drop: boolean): void {
    this.#end(failure, drop);
  }

  /** For `Session` alone: a frame has come; a failure ends the session. */
  take(type: FrameType, payload: Uint8Array): Failure | undefined {
    const cost = frameCost(payload.length);
    if (type === "control") return this.#takeControl(payload, cost);
    if ((type === "compared") === (this.#link.side === "replica")) return wrongSender(type);
    if (type === "extent") {
      const extent = decodeExtent(payload);
      return isMalformed(extent) ? extent : this.#arrive(type, { kind: type, extent }, cost);
    }
    if (type === "compare") {
      const compare = decodeCompare(payload);
      if (isMalformed(compare)) return compare;
      const failure = this.#arrive(type, { kind: type, compare }, cost);
      if (failure === undefined) this.#asked.push({ compare, cost: 0 });
      return failure;
    }
    const compared = decodeCompared(payload);
    if (isMalformed(compared)) return compared;
    const asked = this.#asked[this.#answered];
    if (asked === undefined || !answers(compared, asked.compare)) {
      return violation("A comparison was answered that was not asked for");
    }
    this.#answered++;
    return this.#arrive(type, { kind: type, compared }, cost);
  }

  #takeControl(payload: Uint8Array, cost: number): Failure | undefined {
    const message = decodeControl(payload);
    if (isMalformed(message)) return message;
    const { sender, where } = MESSAGES[message.type];
    if (where === "session") return violation(`${message.type} came on a channel`);
    if (message.type === "bye") {
      // The primary counts as returned what it had in flight, so the replica must not keep it.
      this.#end(peerBye("the channel", message.reason), this.#link.side === "replica");
      return undefined;
    }
    if (sender === this.#link.side) return wrongSender(message.type);
    if (message.type === "progress" && this.#replaceProgress(message)) return undefined;
    const failure = this.#arrive(message.type as Utterance, { kind: "control", message }, cost);
    if (failure === undefined && message.type === "refused") {
      this.#end(refusedBecause(message), false);
    }
    return failure;
  }

  #arrive(what: Utterance, incoming: Incoming, cost: number): Failure | undefined {
    const { phase } = this.#conversation;
    if (!this.#conversation.pass(what)) return violation(`${what} came when ${phase}`);
    if (!this.#link.inbox.take(incoming.kind === "control", cost)) {
      return violation(`${what} came beyond what may be in flight`);
    }
    this.#received.push({ incoming, cost });
    this.#arrived.notify();
    return undefined;
  }

  /** Progress is cumulative: of two in a row the later one is enough, so they never pile up. */
  #replaceProgress(message: ControlMessage & { readonly type: "progress" }): boolean {
    const last = this.#received[this.#received.length - 1];
    if (last?.incoming.kind !== "control" || last.incoming.message.type !== "progress") {
      return false;
    }
    if (last.incoming.message.records > message.records) return false;
    this.#received[this.#received.length - 1] = {
      incoming: { kind: "control", message },
      cost: last.cost,
    };
    return true;
  }

  #end(failure: Failure, drop: boolean): void {
    if (this.#ended === undefined) {
      this.#ended = failure;
      this.window.end();
      this.#link.forget(this);
    }
    if (drop) {
      for (const { incoming, cost } of this.#received) {
        this.#link.inbox.give(incoming.kind === "control", cost);
      }
      this.#received = [];
    }
    this.#arrived.notify();
  }

  #reason(): Failed {
    assert(this.#ended !== undefined, "An open channel has no reason to fail");
    return new Failed(this.#ended);
  }
}

/** What a bye of the peer means to those who wait. */
export function peerBye(what: string, reason: string): Failure {
  const message = `The peer ended ${what}: ${reason}`;
  return { code: "connection-lost", side: "peer", message, action: LINK_ENDED };
}

/** A peer that breaks the order of things. */
export function violation(problem: string): Failure {
  return {
    code: "protocol-violation",
    side: "peer",
    message: `The peer broke the protocol: ${problem}`,
    action: "Run the same version of Warmsite on both servers",
  };
}

function wrongSender(what: string): Failure {
  return violation(`${what} came from the wrong end`);
}

function answers(compared: Compared, compare: Compare): boolean {
  return compared.disk === compare.disk && compared.at === compare.at &&
    compared.unit === compare.unit && compared.count === compare.count;
}
