/**
 * A session: one connection, both directions, many channels.
 *
 * One task reads and sorts frames into channels and never waits for any of them; one writes; one
 * watches for silence. Rule: the first thing a peer does wrong ends the session, with a failure that
 * names it, and nothing after it is looked at. The session knows no machines.
 *
 * @module
 */
// Long because: the life of a connection, from hello to bye, reads as one story.

import { assert } from "../base/assert.ts";
import { type Failure, LINK_ENDED } from "../base/failure.ts";
import { Failed, isFailed, localFailure, peerFailure } from "../base/failure.ts";
import { CHANNELS_MAX, PEER_SILENCE_MAX, PING_INTERVAL, SEND_WINDOW_MAX } from "../base/limits.ts";
import type { Connection, PeerIdentity } from "../ports/network.ts";
import type { Ports } from "../ports/ports.ts";
import type { Loop } from "../runtime/loop.ts";
import { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { within } from "../runtime/together.ts";
import { Channel, type ChannelLink, peerBye, violation } from "./channel.ts";
import { legible } from "./fields.ts";
import { encodeFrame, FrameDecoder, type FrameType } from "./frame.ts";
import { Inbox } from "./inbox.ts";
import { BYE_TIMEOUT, HELLO_TIMEOUT } from "./limits.ts";
import { isMalformed } from "./malformed.ts";
import type { ControlMessage, Hello, MessageOf } from "./message.ts";
import { decodeControl, encodeControl, PROTOCOL_VERSION } from "./message.ts";
import { Outbox, type Urgent } from "./outbox.ts";
import { refusal } from "./refusal.ts";
import { SendWindow } from "./send_window.ts";
import type { Throttle } from "./throttle.ts";

export type { Throttle } from "./throttle.ts";

/** Bytes of an unfinished frame that count as a sign of life. */
const TRICKLE = 1024;

/** Who connected opens channels and replicates; who was connected to accepts them. */
export type SessionRole = "initiator" | "responder";

/** Whether the peer would be accepted as a primary at this moment. */
export type Authorize = () =>
  | { readonly ok: true; readonly trustGroup: string }
  | { readonly ok: false; readonly failure: Failure };

/** What a session may be given. */
export interface SessionOptions {
  readonly throttle?: Throttle | undefined;
  /** Answers authorization-ask; without it nobody is accepted. Asked of a responder alone. */
  readonly authorize?: Authorize | undefined;
}

/** The ports that a session needs. */
export type SessionPorts = Pick<Ports, "clock" | "codec">;

/** Channels have 16-bit numbers, 0 is the session, and none is used twice. */
const CHANNEL_NUMBER_MAX = 65_535;

/** One connection, both directions, many channels. */
export class Session {
  /** Who is at the other end, as the transport has proved it. What `remote` says is only said. */
  readonly peer: PeerIdentity;
  readonly #ports: SessionPorts;
  readonly #connection: Connection;
  readonly #role: SessionRole;
  readonly #throttle: Throttle | undefined;
  readonly #authorize: Authorize | undefined;
  readonly #outbox = new Outbox();
  readonly #inbox = new Inbox();
  readonly #window = new SendWindow(SEND_WINDOW_MAX);
  readonly #changed = new Signal();
  readonly #channels = new Map<number, Channel>();
  #unnumbered = new Set<Channel>();
  #acceptable: Channel[] = [];
  #nextNumber = 1;
  #remote: Hello | undefined;
  #closed = false;
  #finished = false;
  #orderly = false;
  #peerEnded = false;
  #heard = true;
  /** Bytes that came since and completed no frame. */
  #trickle = 0;
  #closeReason: Failure | undefined;
  #pinged = 0;
  #ponged = 0;
  /** The newest question about authorization, and the newest answer. */
  #askedAuthorization = 0;
  #toldAuthorization: MessageOf<"authorization-told"> | undefined;

  private constructor(
    ports: SessionPorts,
    connection: Connection,
    role: SessionRole,
    options: SessionOptions,
  ) {
    this.peer = connection.peer;
    this.#ports = ports;
    this.#connection = connection;
    this.#role = role;
    this.#throttle = options.throttle;
    this.#authorize = options.authorize;
  }

  /**
   * Says hello and waits for the peer's, at most `HELLO_TIMEOUT`. The session's tasks live in `scope`;
   * cancelling it ends the session without a bye. Owns the connection, also when it throws.
   */
  static *start(
    ports: SessionPorts,
    scope: Scope,
    connection: Connection,
    role: SessionRole,
    hello: Omit<Hello, "type" | "protocol">,
    options: SessionOptions = {},
  ): Task<Session> {
    const session = new Session(ports, connection, role, options);
    session.#put({ type: "hello", protocol: PROTOCOL_VERSION, ...hello });
    scope.spawn("session", session.#run(scope.loop));
    const greeted = session.#changed.until(() => session.#remote !== undefined || session.#closed);
    try {
      yield* within(ports.clock, HELLO_TIMEOUT, "The peer's hello", greeted);
    } catch (error) {
      session.#shut(isFailed(error) ? error.failure : undefined, "abrupt");
      connection.close();
      throw error;
    }
    if (session.#closed) throw session.#reason();
    return session;
  }

  /** The peer's hello. */
  get remote(): Hello {
    assert(this.#remote !== undefined, "A started session knows its peer");
    return this.#remote;
  }

  /** True from the moment the session ends, whoever ends it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Why it ended; `undefined` while open and after a `close()` of ours without a failure. */
  get closeReason(): Failure | undefined {
    return this.#closeReason;
  }

  /** Bytes received and not taken yet, and bytes waiting to be written: for tests and metrics. */
  get held(): number {
    return this.#inbox.held + this.#outbox.bytes;
  }

  /** Waits until the session has ended and its connection is closed. */
  *whenClosed(): Task<void> {
    yield* this.#changed.until(() => this.#finished);
  }

  /**
   * A channel of the initiator; it gets its number with its first message, open-machine. Throws
   * `busy` when there are too many, and once all numbers are used: then reconnect.
   */
  openChannel(options: { readonly throttle?: Throttle | undefined } = {}): Channel {
    assert(this.#role === "initiator", "Who was connected to opens no channels");
    if (this.#closed) throw this.#reason();
    const open = this.#channels.size + this.#unnumbered.size;
    if (open >= CHANNELS_MAX || this.#nextNumber + this.#unnumbered.size > CHANNEL_NUMBER_MAX) {
      throw localFailure("busy", "The connection has no channel left", "Reconnect");
    }
    const channel = new Channel(this.#link(options.throttle));
    this.#unnumbered.add(channel);
    return channel;
  }

  /** Asks whether this server would be accepted as a primary there; fails within `HELLO_TIMEOUT`. */
  *authorization(): Task<MessageOf<"authorization-told">> {
    assert(this.#role === "initiator", "Who was connected to asks for nothing");
    if (this.#closed) throw this.#reason();
    const n = ++this.#askedAuthorization;
    this.#put({ type: "authorization-ask", n });
    const told = this.#changed.until(() => this.#closed || (this.#toldAuthorization?.n ?? 0) >= n);
    yield* within(this.#ports.clock, HELLO_TIMEOUT, "The peer's answer", told);
    if (this.#toldAuthorization === undefined || this.#toldAuthorization.n < n) {
      throw this.#reason();
    }
    return this.#toldAuthorization;
  }

  /** Responder: the next channel whose open-machine has arrived; `undefined` once closed. */
  *accept(): Task<Channel | undefined> {
    yield* this.#changed.until(() => this.#acceptable.length > 0 || this.#closed);
    return this.#acceptable.shift();
  }

  /**
   * Ends the session: what was sent goes out, then a bye with the failure's message, then the
   * connection is closed, at most `BYE_TIMEOUT` later. Returns at once.
   */
  close(failure?: Failure): void {
    this.#shut(failure, "orderly");
  }

  #link(throttle: Throttle | undefined): ChannelLink {
    return {
      session: this,
      side: this.#role === "initiator" ? "primary" : "replica",
      kernel: this.#ports.codec.kernel,
      outbox: this.#outbox,
      inbox: this.#inbox,
      window: this.#window,
      throttles: [throttle, this.#throttle].filter((each) => each !== undefined),
      number: (channel) => this.#assignNumber(channel),
      forget: (channel) => this.#forget(channel),
    };
  }

  #assignNumber(channel: Channel): number {
    this.#unnumbered.delete(channel);
    this.#channels.set(this.#nextNumber, channel);
    return this.#nextNumber++;
  }

  #forget(channel: Channel): void {
    this.#unnumbered.delete(channel);
    for (const [number, other] of this.#channels) {
      if (other === channel) this.#channels.delete(number);
    }
  }

  /** Owns the tasks and the connection until both are gone. */
  *#run(loop: Loop): Task<void> {
    const tasks = new Scope(loop, "session");
    try {
      tasks.spawn("read", this.#read());
      tasks.spawn("write", this.#write());
      tasks.spawn("watch", this.#watch());
      yield* this.#changed.until(() => this.#closed);
      if (this.#orderly) yield* this.#linger();
    } finally {
      this.#shut(lost("This server is stopping", "local"), "abrupt");
      this.#connection.close();
      yield* tasks.cancel();
      this.#finished = true;
      this.#changed.notify();
    }
  }

  /** Lets the bye arrive: closing a connection at once may throw away what was written. */
  *#linger(): Task<void> {
    const read = this.#changed.until(() => this.#peerEnded);
    try {
      yield* within(this.#ports.clock, BYE_TIMEOUT, "The peer's end", read);
    } catch (error) {
      if (!isFailed(error, "timed-out")) throw error;
    }
  }

  *#write(): Task<void> {
    try {
      yield* this.#outbox.writeTo(this.#connection);
    } catch (error) {
      this.#lose(error);
    }
  }

  *#read(): Task<void> {
    const connection = this.#connection;
    const done = (chunk: Uint8Array) => connection.reuse?.(chunk);
    const decoder = new FrameDecoder(this.#ports.codec.kernel, done);
    try {
      while (true) {
        const bytes = yield* connection.read();
        if (bytes === undefined) break;
        this.#listened(bytes.length);
        if (this.#closed) continue;
        decoder.push(bytes);
        this.#sort(decoder);
      }
      this.#shut(lost("The peer closed the connection without a bye", "peer"), "abrupt");
    } catch (error) {
      this.#lose(error);
    }
    this.#peerEnded = true;
    this.#changed.notify();
  }

  /** Bytes came: a trickle that completes no frame is no sign of life, a large frame on a slow link is. */
  #listened(bytes: number): void {
    this.#trickle += bytes;
    if (this.#trickle >= TRICKLE) this.#alive();
  }

  #alive(): void {
    this.#trickle = 0;
    this.#heard = true;
  }

  /** A read or a write failed: the connection is gone. */
  #lose(error: unknown): void {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    this.#shut(error.failure, "abrupt");
    this.#peerEnded = true;
    this.#changed.notify();
  }

  #sort(decoder: FrameDecoder): void {
    while (!this.#closed) {
      const next = decoder.next();
      if (next.kind === "need-more") return;
      this.#alive();
      const failure = next.kind === "invalid"
        ? next.failure
        : this.#take(next.type, next.channel, next.payload);
      if (failure !== undefined) this.#shut(failure, "orderly", true);
    }
  }

  #take(type: FrameType, number: number, payload: Uint8Array): Failure | undefined {
    if (number === 0) return this.#takeOwn(type, payload);
    if (this.#remote === undefined) return violation("something came before hello");
    let channel = this.#channels.get(number);
    if (channel === undefined && this.#role === "responder" && number === this.#nextNumber) {
      if (this.#channels.size >= CHANNELS_MAX) return violation("too many channels were opened");
      channel = new Channel(this.#link(undefined), number);
      this.#assignNumber(channel);
      const failure = channel.take(type, payload);
      if (failure === undefined && !channel.closed) this.#acceptable.push(channel);
      this.#changed.notify();
      return failure;
    }
    if (number >= this.#nextNumber) return violation(`channel ${number} was never opened`);
    // What was on its way when a channel ended is of no interest to anybody.
    return channel?.take(type, payload);
  }

  #takeOwn(type: FrameType, payload: Uint8Array): Failure | undefined {
    if (type !== "control") return violation(`${type} came on channel 0`);
    const message = decodeControl(payload);
    if (isMalformed(message)) return message;
    if ((message.type === "hello") !== (this.#remote === undefined) && message.type !== "bye") {
      return violation(`${message.type} came ${this.#remote ? "again" : "before hello"}`);
    }
    switch (message.type) {
      case "hello":
        return this.#greet(message);
      case "ping":
        this.#putUrgent({ type: "pong", n: message.n });
        return undefined;
      case "pong":
        if (message.n <= this.#ponged || message.n > this.#pinged) {
          return violation("pong came without a ping");
        }
        this.#ponged = message.n;
        return undefined;
      case "authorization-ask":
        if (this.#role === "initiator") return violation(`${message.type} came from the wrong end`);
        this.#putUrgent(this.#judge(message.n));
        return undefined;
      case "authorization-told":
        return this.#hearAuthorization(message);
      case "bye":
        this.#shut(peerBye("the connection", message.reason), "abrupt");
        return undefined;
      default:
        return violation(`${message.type} came on channel 0`);
    }
  }

  #judge(n: number): MessageOf<"authorization-told"> {
    const told = this.#authorize?.();
    const type = "authorization-told";
    if (told?.ok === true) return { type, n, trustGroup: told.trustGroup, refusal: null };
    const because = told?.failure ?? nobodyAccepted();
    const { code, side, message, action } = refusal(because);
    return { type, n, trustGroup: null, refusal: { code, side, message, action } };
  }

  #hearAuthorization(told: MessageOf<"authorization-told">): Failure | undefined {
    const before = this.#toldAuthorization?.n ?? 0;
    if (told.n <= before || told.n > this.#askedAuthorization) {
      return violation(`${told.type} came without being asked for`);
    }
    this.#toldAuthorization = told;
    this.#changed.notify();
    return undefined;
  }

  #greet(hello: Hello): Failure | undefined {
    if (hello.protocol !== PROTOCOL_VERSION) {
      return {
        code: "wrong-version",
        side: "peer",
        message: `The peer speaks protocol ${hello.protocol}, this server ${PROTOCOL_VERSION}`,
        action: "Run the same version of Warmsite on both servers",
      };
    }
    // Every decision is made by the proven name, and every record and message says it.
    if (hello.server !== this.peer.name) {
      return {
        code: "unauthenticated",
        side: "peer",
        message: `The peer calls itself "${hello.server}", and its certificate is for ` +
          `"${this.peer.name}"`,
        action: "Issue it a certificate for its own name there, or correct its name",
      };
    }
    this.#remote = hello;
    this.#changed.notify();
    return undefined;
  }

  /**
   * Pings when nothing else was written, and gives the peer up when nothing was heard. Silence is
   * counted in ticks, not in time, so that a pause of this process is not taken for the peer's.
   */
  *#watch(): Task<void> {
    let silent = 0;
    let written = 0;
    while (!this.#closed) {
      yield* this.#ports.clock.sleep(PING_INTERVAL);
      silent = this.#heard ? 0 : silent + 1;
      this.#heard = false;
      if (silent >= PEER_SILENCE_MAX / PING_INTERVAL) {
        const message = `Nothing was heard for ${PEER_SILENCE_MAX / 1_000_000} s`;
        this.#shut(peerFailure("timed-out", message, LINK_ENDED).failure, "abrupt");
      } else if (this.#remote !== undefined && this.#outbox.written === written) {
        this.#putUrgent({ type: "ping", n: ++this.#pinged });
      }
      written = this.#outbox.written;
    }
  }

  #shut(failure: Failure | undefined, how: "orderly" | "abrupt", drop = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeReason = failure;
    this.#orderly = how === "orderly";
    const reason = failure ?? lost("This server closed the connection", "local");
    for (const channel of [...this.#channels.values(), ...this.#unnumbered]) {
      channel.end(reason, drop);
    }
    if (drop) this.#acceptable = [];
    if (this.#orderly) this.#put({ type: "bye", reason: legible(reason.message) });
    this.#outbox.finish();
    this.#changed.notify();
  }

  #put(message: ControlMessage): void {
    this.#outbox.put(this.#frame(message));
  }

  #putUrgent(message: ControlMessage & { readonly type: Urgent }): void {
    this.#outbox.putUrgent(message.type, this.#frame(message));
  }

  #frame(message: ControlMessage): Uint8Array {
    return encodeFrame(this.#ports.codec.kernel, "control", 0, encodeControl(message));
  }

  #reason(): Failed {
    return new Failed(this.#closeReason ?? lost("This server closed the connection", "local"));
  }
}

function lost(message: string, side: "local" | "peer"): Failure {
  return { code: "connection-lost", side, message, action: LINK_ENDED };
}

function nobodyAccepted(): Failure {
  return peerFailure(
    "unauthorized",
    "Nobody is accepted here",
    'Let that server be a replica server: "warmsite server set --replica on" there',
  ).failure;
}
