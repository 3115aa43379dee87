/**
 * One end of a connection, as a host's kernel keeps it: a reliable stream of bytes each way, over
 * packets that may be lost, doubled, reordered or late.
 *
 * Rule: bytes come whole and in order or the connection breaks; loss costs time. Buffers are
 * bounded, and a reader that does not read stops the sender. It is like TCP as far as a peer can
 * notice: cumulative acknowledgements, a window, retransmission with back-off, reset, half-open ends.
 *
 * @module
 */
// Long because: both directions of one connection share their state.

import { MILLISECOND, SECOND } from "../core/base/units.ts";
import type { SimEvent } from "./event_queue.ts";
import type { Link, SimNet } from "./network.ts";
import { DataScales } from "./data_scales.ts";
import { EVENT, hashBytes } from "./trace.ts";

/** Bytes that wait to be sent, beyond which a writer waits. */
const SEND_BUFFER = 256 * 1024;
/** Bytes received and not read yet, at most; also the most in flight. */
const RECEIVE_BUFFER = 512 * 1024;
/** The first wait for an acknowledgement. */
const RETRY_FIRST = 200 * MILLISECOND;
/** The longest. */
const RETRY_MAX = 5 * SECOND;
/** How far ahead a slow link is filled. */
const BACKLOG_MAX = 200 * MILLISECOND;
/** Silence after which a sender with unacknowledged bytes gives the connection up. */
const GIVE_UP = 20 * SECOND;

/** A packet's worth of the stream. */
interface Segment {
  readonly at: number;
  readonly data: Uint8Array;
  /** The stream ends after it. */
  readonly last: boolean;
  /** Bytes of data that take as much of the link. */
  readonly weight: number;
}

/** What an end tells whoever has it open. */
export interface EndpointOwner {
  /** Something changed: bytes came, room came, it ended or broke. */
  changed(): void;
}

/** One end. */
export class Endpoint {
  readonly number: number;
  /** The host it is on. */
  readonly local: string;
  /** The host at the other end. */
  readonly remote: string;
  /** The other end's number; 0 until it is known. */
  peer = 0;
  /** Why it broke; "" while it works. */
  broken = "";
  /** Nothing goes through although both ends think otherwise. */
  hung = false;
  /** Whoever has it open; nobody after a close. */
  owner: EndpointOwner | undefined;
  readonly #net: SimNet;
  #link: Link | undefined;
  /** Weighs what goes out, in a scale model. */
  readonly #scales: DataScales | undefined;
  // Sending.
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #finWanted = false;
  #finSent = false;
  #flight: Segment[] = [];
  #next = 0;
  #acked = 0;
  #window = RECEIVE_BUFFER;
  #retry: SimEvent | undefined;
  #retryAfter = RETRY_FIRST;
  #waitingSince = 0;
  // Receiving.
  #expected = 0;
  #early = new Map<number, Segment>();
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #finReceived = false;
  #told = RECEIVE_BUFFER;

  constructor(net: SimNet, local: string, remote: string) {
    this.#net = net;
    this.number = net.number();
    this.local = local;
    this.remote = remote;
    this.#scales = net.scale === 1 ? undefined : new DataScales(net.scale);
    net.endpoints.set(this.number, this);
  }

  /** True when a writer need not wait. */
  get writable(): boolean {
    return this.#unsentBytes < SEND_BUFFER;
  }

  /** True when `take` has something to say. */
  get readable(): boolean {
    return this.#ready.length > 0 || this.#finReceived;
  }

  /** True when all that the peer sent before its end was read. */
  get ended(): boolean {
    return this.#finReceived && this.#ready.length === 0;
  }

  /** Puts a copy of `bytes` into the send buffer, whatever its fill. */
  put(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.broken !== "") return;
    this.#unsent.push(bytes.slice());
    this.#unsentBytes += bytes.length;
    this.#pump();
  }

  /** The next bytes that came, or `undefined` when there are none. */
  take(): Uint8Array | undefined {
    const bytes = this.#ready.shift();
    if (bytes === undefined) return undefined;
    this.#readyBytes -= bytes.length;
    const room = RECEIVE_BUFFER - this.#readyBytes;
    if (this.#told < RECEIVE_BUFFER / 2 && room >= RECEIVE_BUFFER / 2) this.#acknowledge();
    return bytes;
  }

  /**
   * Its process is done with it, in order. What was written still goes out; bytes that came and were
   * never read make it a reset, for they are lost.
   */
  close(): void {
    this.owner = undefined;
    if (this.broken !== "") return;
    if (this.#readyBytes > 0) return this.reset("The peer closed the connection");
    this.#finWanted = true;
    this.#pump();
    this.#forgetWhenDone();
  }

  /** Breaks this end, and tells the other one. */
  reset(why: string): void {
    if (this.broken !== "") return;
    const { peer } = this;
    this.break(why);
    if (peer !== 0) this.#send(0, () => this.#net.endpoints.get(peer)?.break(why), 1);
  }

  /** Breaks this end alone. */
  break(why: string): void {
    if (this.broken !== "") return;
    this.vanish();
    this.broken = why;
    this.owner?.changed();
  }

  /** This end is gone from its host's kernel, without a word. */
  vanish(): void {
    this.#net.endpoints.delete(this.number);
    if (this.#retry !== undefined) this.#net.world.cancel(this.#retry);
    this.#retry = undefined;
    this.#unsent = [];
    this.#flight = [];
    this.broken = this.broken === "" && this.owner === undefined ? "gone" : this.broken;
  }

  /** The other end answered: its number is known, and what waits goes out. */
  joined(peer: number): void {
    if (this.peer !== 0) return;
    this.peer = peer;
    this.#pump();
  }

  /** The link to the other end. */
  get #out(): Link {
    return this.#link ??= this.#net.link(this.local, this.remote);
  }

  #pump(): void {
    if (this.peer === 0 || this.broken !== "") return;
    const link = this.#out;
    while (this.#unsent.length > 0 && this.#next - this.#acked < this.#window) {
      // What a slow link holds already is as good as in flight: acknowledgements let more follow.
      if (link.backlog > BACKLOG_MAX && this.#flight.length > 0) break;
      const room = Math.min(link.speed.segment, this.#window - (this.#next - this.#acked));
      const data = this.#cut(room);
      const last = this.#finWanted && this.#unsent.length === 0;
      const weight = this.#scales?.weigh(data) ?? data.length;
      this.#launch({ at: this.#next, data, last, weight });
    }
    if (this.#finWanted && !this.#finSent && this.#unsent.length === 0) {
      this.#launch({ at: this.#next, data: new Uint8Array(0), last: true, weight: 0 });
    }
    const waiting = this.#flight.length > 0 || this.#unsent.length > 0;
    if (waiting && this.#retry === undefined) this.#arm();
  }

  /** The first `room` bytes of what waits, or fewer: never across two writes. */
  #cut(room: number): Uint8Array {
    const first = this.#unsent[0] as Uint8Array;
    const length = Math.min(room, first.length);
    if (length === first.length) this.#unsent.shift();
    else this.#unsent[0] = first.subarray(length);
    this.#unsentBytes -= length;
    return first.subarray(0, length);
  }

  #launch(segment: Segment): void {
    if (this.#flight.length === 0) this.#waitingSince = this.#net.world.now;
    this.#flight.push(segment);
    this.#next += segment.data.length;
    if (segment.last) this.#finSent = true;
    this.#transmit(segment);
  }

  #transmit(segment: Segment): void {
    const { peer } = this;
    const link = this.#out;
    let { data } = segment;
    if (data.length > 0 && link.random.chance(link.faults.corruptRate)) {
      data = data.slice();
      const at = link.random.below(data.length);
      data[at] = (data[at] as number) ^ (1 << link.random.below(8));
    }
    const payload = segment.at ^ hashBytes(data);
    this.#send(
      data.length,
      () => {
        const end = this.#net.endpoints.get(peer);
        if (end !== undefined) {
          end.joined(this.number);
          end.#arrive({ ...segment, data });
        } else this.#unknownAt();
      },
      payload,
      segment.weight,
    );
  }

  /** A packet came to a host that knows no such connection: it answers with a reset. */
  #unknownAt(): void {
    const back = this.#net.link(this.remote, this.local);
    back.carry(0, 2, () => this.break("The peer knows this connection no more"));
  }

  #send(bytes: number, arrive: () => void, payload: number, weight?: number): void {
    if (this.hung) return;
    this.#out.carry(bytes, payload, arrive, weight);
  }

  #arrive(segment: Segment): void {
    if (this.hung) return;
    const end = segment.at + segment.data.length;
    const fits = end - this.#expected <= RECEIVE_BUFFER - this.#readyBytes;
    const fresh = end > this.#expected || (segment.last && !this.#finReceived);
    if (fresh && fits) this.#early.set(segment.at, segment);
    let moved = false;
    for (;;) {
      const next = this.#early.get(this.#expected);
      if (next === undefined) break;
      this.#early.delete(next.at);
      this.#expected += next.data.length;
      if (next.data.length > 0) this.#ready.push(next.data);
      this.#readyBytes += next.data.length;
      if (next.last) this.#finReceived = true;
      moved = true;
    }
    this.#acknowledge();
    if (!moved) return;
    // An end without an owner may be one that is not handed out yet: data overtakes the answer.
    if (this.#finWanted && this.#readyBytes > 0) {
      return this.reset("The peer closed the connection");
    }
    this.owner?.changed();
    this.#forgetWhenDone();
  }

  #acknowledge(): void {
    const { peer } = this;
    const room = Math.max(0, RECEIVE_BUFFER - this.#readyBytes);
    const expected = this.#expected + (this.#finReceived ? 1 : 0);
    this.#told = room;
    this.#send(0, () => {
      const end = this.#net.endpoints.get(peer);
      if (end !== undefined) end.#acknowledged(expected, room);
    }, expected);
  }

  #acknowledged(expected: number, room: number): void {
    if (this.broken !== "") return;
    const { world } = this.#net;
    const before = this.#flight.length;
    while (this.#flight.length > 0) {
      const first = this.#flight[0] as Segment;
      if (first.at + first.data.length + (first.last ? 1 : 0) > expected) break;
      this.#flight.shift();
      this.#acked = first.at + first.data.length;
    }
    const advanced = this.#flight.length < before;
    const stale = !advanced && expected < this.#acked;
    if (!stale) this.#window = room;
    if (advanced || this.#flight.length === 0) {
      this.#waitingSince = world.now;
      this.#retryAfter = RETRY_FIRST;
      if (this.#retry !== undefined) world.cancel(this.#retry);
      this.#retry = undefined;
    }
    const full = !this.writable;
    this.#pump();
    if (advanced || (full && this.writable)) this.owner?.changed();
    this.#forgetWhenDone();
  }

  #arm(): void {
    const { world } = this.#net;
    const host = world.hosts.get(this.local);
    const actor = host === undefined ? world.script : host.actor;
    const queued = this.#out.backlog;
    this.#retry = world.schedule(
      queued + this.#retryAfter,
      () => {
        this.#retry = undefined;
        host?.receive(() => this.#repeat());
      },
      actor,
      EVENT.network,
      this.number,
    );
  }

  /** No acknowledgement came in time. */
  #repeat(): void {
    if (this.broken !== "" || this.#retry !== undefined) return;
    if (this.#flight.length > 0 && this.#net.world.now - this.#waitingSince >= GIVE_UP) {
      return this.break("The peer did not answer");
    }
    if (this.#flight.length === 0 && this.#unsent.length === 0) return;
    this.#retryAfter = Math.min(RETRY_MAX, 2 * this.#retryAfter);
    if (this.#flight.length === 0) this.#probe();
    // Like a sender with congestion control: no more at once than the link carries until the next try.
    const link = this.#out;
    for (const segment of [...this.#flight]) {
      this.#transmit(segment);
      if (link.backlog > this.#retryAfter) break;
    }
    this.#arm();
  }

  /** The peer's window was closed: asks whether it still is. */
  #probe(): void {
    const { peer } = this;
    this.#send(0, () => {
      const end = this.#net.endpoints.get(peer);
      if (end === undefined) this.#unknownAt();
      else end.#acknowledge();
    }, 3);
  }

  /** Closed, everything sent is acknowledged, and the peer has ended too: the kernel forgets it. */
  #forgetWhenDone(): void {
    if (this.owner !== undefined || !this.#finSent || this.#flight.length > 0) return;
    this.vanish();
  }
}
