/**
 * The network between hosts: a directed link for every ordered pair, and the packets on it.
 *
 * Rule: this layer loses, delays, doubles and reorders packets as its faults say; it knows nothing
 * of connections, whose streams stay whole all the same (`stream.ts`).
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../core/base/units.ts";
import type { SimHost } from "./host.ts";
import type { SimListener } from "./network_port.ts";
import type { Prng } from "./prng.ts";
import type { Endpoint } from "./stream.ts";
import { EVENT } from "./trace.ts";
import type { Actor, SimWorld } from "./world.ts";

/** Loss in bursts (Gilbert and Elliott), each in millionths of packets. */
export interface BurstLoss {
  /** Packets that begin a burst. */
  readonly enter: number;
  /** Packets that end one. */
  readonly leave: number;
  /** Packets that vanish in one. */
  readonly loss: number;
}

/** What is wrong with a link. All off at first; rates in millionths of packets. */
export class LinkFaults {
  /** Packets that vanish. */
  lossRate = 0;
  /** Packets that vanish in bursts. */
  burst: BurstLoss | undefined = undefined;
  /** Packets that come twice. */
  duplicateRate = 0;
  /** Packets that come late, behind others. */
  reorderRate = 0;
  /** How late, at most, µs. */
  reorderDelay = 50 * MILLISECOND;
  /** Segments in which a bit is flipped, unseen by the transport (as if there were no TLS). */
  corruptRate = 0;
  /** No packet comes through. */
  partitioned = false;
  /** Packets wait before this world time, µs, and come then. */
  stalledUntil = 0;
  /** Connections along this link are refused. */
  refuse = false;
  /** Connections along this link are accepted by the transport, and nothing comes of them. */
  acceptThenHang = false;

  /** Everything is well again. */
  heal(): void {
    Object.assign(this, new LinkFaults());
  }
}

/** How a link is when it is well. */
export interface LinkSpeed {
  /** One way, µs. */
  readonly latency: number;
  /** Mean of what a packet takes on top, µs. */
  readonly jitter: number;
  /** Bytes a second; 0: without bound. */
  readonly bandwidth: number;
  /** Bytes of one packet at most. */
  readonly segment: number;
  /** Bytes that wait for the link; what comes on top is lost. */
  readonly queue: number;
}

/** Two sites, 5 ms and 1 Gbit/s apart. */
export const USUAL_LINK: LinkSpeed = {
  latency: 5 * MILLISECOND,
  jitter: 200,
  bandwidth: 125_000_000,
  segment: 64 * 1024,
  queue: 16 * 1024 * 1024,
};

/** Bytes of a packet that carries nothing. */
const HEADER_BYTES = 60;

/** One direction between two hosts. */
export class Link {
  /** The host that sends. */
  readonly from: string;
  /** The host that receives. */
  readonly to: string;
  /** How it is when it is well. */
  #speed: LinkSpeed = USUAL_LINK;
  /** What is wrong with it. */
  readonly faults = new LinkFaults();
  /** Bytes of packets given to it so far. */
  bytes = 0;
  /** The same, what is no data counted for as much as it takes of a scale model's link. */
  weight = 0;
  /** Packets given to it so far. */
  packets = 0;
  /** Packets it lost so far. */
  lost = 0;
  /** Decides its faults. */
  readonly random: Prng;
  readonly #net: SimNet;
  readonly #actor: Actor;
  #busyUntil = 0;
  #lastArrival = 0;
  #inBurst = false;

  constructor(net: SimNet, from: string, to: string) {
    this.#net = net;
    this.from = from;
    this.to = to;
    this.#actor = net.world.actor(`link/${from}>${to}`);
    this.random = net.world.stream(`link/${from}>${to}`);
  }

  /** How fast it is. */
  get speed(): LinkSpeed {
    return this.#speed;
  }

  /** What waits in its queue goes on at the new bandwidth. */
  set speed(speed: LinkSpeed) {
    const { now } = this.#net.world;
    const bytes = this.backlog * this.#speed.bandwidth;
    this.#speed = speed;
    this.#busyUntil = now + (speed.bandwidth === 0 ? 0 : Math.ceil(bytes / speed.bandwidth));
  }

  /** For how long packets that are on it already may still come, µs. */
  get carriesFor(): number {
    return Math.max(0, this.#lastArrival - this.#net.world.now);
  }

  /** How long what was handed to it keeps it busy, µs. */
  get backlog(): number {
    return Math.max(0, this.#busyUntil - this.#net.world.now);
  }

  /**
   * Sends a packet of `bytes` payload; `arrive` is called where and when it comes, if it does. It takes as much of the link as
   * `weight` bytes of data do; what is said of none carries none.
   */
  carry(bytes: number, payload: number, arrive: () => void, weight?: number): void {
    const { world } = this.#net;
    const { faults, speed, random } = this;
    if (world.hosts.get(this.from)?.reachable === false) return;
    const { scale } = this.#net;
    const size = bytes + HEADER_BYTES;
    const taken = scale === 1 ? size : (weight ?? bytes / scale) + HEADER_BYTES / scale;
    this.bytes += size;
    this.weight += taken;
    this.packets++;
    if (faults.partitioned || random.chance(faults.lossRate) || this.#lostInBurst()) {
      this.lost++;
      return;
    }
    const start = Math.max(world.now, this.#busyUntil);
    if (speed.bandwidth > 0) {
      const waiting = ((start - world.now) * speed.bandwidth) / SECOND;
      if (waiting > speed.queue) {
        this.lost++;
        return;
      }
      this.#busyUntil = start + Math.ceil((taken * SECOND) / speed.bandwidth);
    }
    const sent = speed.bandwidth > 0 ? this.#busyUntil : start;
    this.#deliver(sent, payload, arrive);
    if (random.chance(faults.duplicateRate)) this.#deliver(sent, payload, arrive);
  }

  /** Draws nothing while there are no bursts. */
  #lostInBurst(): boolean {
    const { faults: { burst }, random } = this;
    if (burst === undefined) return this.#inBurst = false;
    this.#inBurst = this.#inBurst ? !random.chance(burst.leave) : random.chance(burst.enter);
    return this.#inBurst && random.chance(burst.loss);
  }

  #deliver(sent: number, payload: number, arrive: () => void): void {
    const { world } = this.#net;
    const { faults, speed, random } = this;
    let at = sent + speed.latency + random.exponential(speed.jitter);
    if (random.chance(faults.reorderRate)) at += random.below(faults.reorderDelay + 1);
    if (faults.stalledUntil > at) at = faults.stalledUntil;
    this.#lastArrival = Math.max(this.#lastArrival, at);
    world.schedule(
      at - world.now,
      () => {
        if (faults.stalledUntil > world.now) this.#deliver(world.now, payload, arrive);
        else if (faults.partitioned) this.lost++;
        else world.hosts.get(this.to)?.receive(arrive);
      },
      this.#actor,
      EVENT.packet,
      payload,
    );
  }
}

/** Refuses a peer: given both hosts, says why, or `undefined` to let it in. */
export type Authenticator = (from: SimHost, to: SimHost) => string | undefined;

/** All links, listeners and connections of a world. */
export class SimNet {
  readonly world: SimWorld;
  /** Asked by both sides of every new connection. */
  authenticator: Authenticator | undefined;
  /** Who listens where: `host:port`. */
  readonly listeners = new Map<string, SimListener>();
  /** All ends of connections that a host's kernel knows, by their number. */
  readonly endpoints = new Map<number, Endpoint>();
  /** Links made from this moment on are like this. */
  usual: LinkSpeed = USUAL_LINK;
  /**
   * In a scale model every byte of data stands for so many, and the links are so many times slower; what is no data takes no
   * more of them than it would in the world that is meant.
   */
  scale = 1;
  readonly #links = new Map<string, Link>();
  #numbers = 0;

  constructor(world: SimWorld) {
    this.world = world;
  }

  /** The link from one host to another. */
  link(from: string, to: string): Link {
    const key = `${from}>${to}`;
    let found = this.#links.get(key);
    if (found === undefined) {
      found = new Link(this, from, to);
      found.speed = this.usual;
      if (from === to) found.speed = { ...this.usual, latency: 20, jitter: 10, bandwidth: 0 };
      this.#links.set(key, found);
    }
    return found;
  }

  /** The link from one host to another, if it was used: for those who look and must not make one. */
  used(from: string, to: string): Link | undefined {
    return this.#links.get(`${from}>${to}`);
  }

  /** Every link used so far. */
  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** The next number of an endpoint or port. */
  number(): number {
    return ++this.#numbers;
  }

  /** Changes speed or faults of both directions between two hosts. */
  between(one: string, other: string, change: (link: Link) => void): void {
    change(this.link(one, other));
    change(this.link(other, one));
  }

  /** Cuts both directions between two hosts. */
  partition(one: string, other: string): void {
    this.between(one, other, (link) => link.faults.partitioned = true);
  }

  /** Cuts one direction alone. */
  partitionOneWay(from: string, to: string): void {
    this.link(from, to).faults.partitioned = true;
  }

  /** Mends everything. */
  heal(): void {
    for (const link of this.#links.values()) link.faults.heal();
  }

  /** Resets every connection between two hosts, at both ends, at this moment. */
  reset(one: string, other: string): void {
    for (const end of [...this.endpoints.values()]) {
      const { local, remote } = end;
      if ((local === one && remote === other) || (local === other && remote === one)) {
        end.break("The connection was reset");
      }
    }
  }

  /** A host lost its power: its ends vanish without a word. */
  silence(host: string): void {
    for (const end of [...this.endpoints.values()]) if (end.local === host) end.vanish();
  }
}
