/**
 * The `Network` port of the simulated world: connecting, listening, and connections as a process
 * has them open.
 *
 * @module
 */
// Long because: connecting, listening and talking are one port.

import { LINK_ENDED, localFailure, peerFailure, requestFailure } from "../core/base/failure.ts";
import { SECOND } from "../core/base/units.ts";
import type { Connection, Listener, Network, PeerIdentity } from "../core/ports/network.ts";
import { Signal } from "../core/runtime/signal.ts";
import type { Task } from "../core/runtime/task.ts";
import type { SimHost } from "./host.ts";
import type { SimNet } from "./network.ts";
import { hashText } from "./prng.ts";
import type { SimProcess } from "./process.ts";
import { Endpoint } from "./stream.ts";
import { EVENT } from "./trace.ts";

/** Connections that wait to be accepted, at most. */
const BACKLOG = 128;
/** How often an unanswered attempt is repeated. */
const ATTEMPT_INTERVAL = 1 * SECOND;

/** The network as one process uses it. */
export class SimNetwork implements Network {
  readonly #process: SimProcess;

  constructor(process: SimProcess) {
    this.#process = process;
  }

  listen(address: string): Task<Listener> {
    const process = this.#process;
    const { host } = process;
    const { net } = host.world;
    return process.call<SimListener>({
      kind: EVENT.network,
      payload: hashText(address, 0),
      delay: 10,
      perform: () => {
        const { name, port } = splitAddress(address);
        const own = ["", "0.0.0.0", "[::]", "127.0.0.1", "localhost", host.name].includes(name);
        if (!own) {
          const what = `Cannot listen at ${address}: not our address`;
          throw localFailure("io-error", what, "Listen at an address of this host");
        }
        const bound = `${host.name}:${port === 0 ? 49152 + net.number() : port}`;
        if (net.listeners.has(bound)) {
          throw localFailure("busy", `Cannot listen at ${bound}: in use`, "Choose another port");
        }
        return new SimListener(process, bound);
      },
      undo: (listener) => listener.close(),
    });
  }

  *connect(address: string, timeout: number): Task<Connection> {
    const process = this.#process;
    const { world } = process.host;
    const attempt = yield* process.call<Attempt>({
      kind: EVENT.network,
      payload: hashText(address, 1),
      delay: 10,
      perform: () => new Attempt(process, address),
    });
    const { actor } = process.host;
    const late = world.schedule(timeout, () => attempt.expire(), actor, EVENT.timer, timeout);
    try {
      yield* attempt.settled.until(() => attempt.done);
      return attempt.take();
    } finally {
      world.cancel(late);
      attempt.stop();
    }
  }
}

/** One attempt to connect: asks again and again until there is an answer or time is up. */
class Attempt {
  readonly settled = new Signal();
  failure: Error | undefined;
  connection: SimConnection | undefined;
  readonly #process: SimProcess;
  readonly #net: SimNet;
  readonly #endpoint: Endpoint;
  readonly #address: string;
  readonly #remote: string;
  #accepted: Endpoint | undefined;
  #stopped = false;
  #taken = false;
  readonly #end = () => this.#endpoint.reset("The peer gave up");

  constructor(process: SimProcess, address: string) {
    this.#process = process;
    this.#net = process.host.world.net;
    const { name, port } = splitAddress(address);
    const local = ["127.0.0.1", "localhost"].includes(name);
    this.#remote = local ? process.host.name : name;
    this.#address = `${this.#remote}:${port}`;
    this.#endpoint = new Endpoint(this.#net, process.host.name, this.#remote);
    process.holdings.add(this.#end);
    this.#ask();
  }

  get done(): boolean {
    return this.failure !== undefined || this.connection !== undefined;
  }

  expire(): void {
    const what = `Cannot connect to ${this.#address}: no answer`;
    this.#fail(peerFailure("timed-out", what, "Check the address, the firewall and the peer"));
  }

  /** The connection, or the failure thrown. */
  take(): SimConnection {
    if (this.failure !== undefined) throw this.failure;
    this.#taken = true;
    return this.connection as SimConnection;
  }

  /** The one who waited is done with it, one way or the other. */
  stop(): void {
    this.#stopped = true;
    this.#process.holdings.delete(this.#end);
    if (this.connection === undefined) this.#endpoint.reset("The peer gave up");
    else if (!this.#taken) this.connection.close();
  }

  #fail(failure: Error): void {
    if (this.done) return;
    this.failure = failure;
    this.settled.notify();
  }

  #ask(): void {
    if (this.#stopped || this.done || !this.#process.alive) return;
    const { host } = this.#process;
    this.#net.link(host.name, this.#remote).carry(300, 4, () => this.#asked());
    host.world.schedule(
      ATTEMPT_INTERVAL,
      () => host.receive(() => this.#ask()),
      host.actor,
      EVENT.network,
      this.#endpoint.number,
    );
  }

  /** At the host that was asked. */
  #asked(): void {
    const net = this.#net;
    const { host } = this.#process;
    const { faults } = net.link(host.name, this.#remote);
    const listener = net.listeners.get(this.#address);
    const there = net.world.hosts.get(this.#remote);
    if (listener === undefined || there === undefined || faults.refuse || listener.full) {
      const what = `Cannot connect to ${this.#address}: refused`;
      return this.#answer(() =>
        this.#fail(peerFailure("connection-refused", what, "Start the server there"))
      );
    }
    const why = net.authenticator?.(host, there) ?? net.authenticator?.(there, host);
    if (why !== undefined) {
      const what = `${this.#address} and ${host.name} do not trust each other: ${why}`;
      return this.#answer(() =>
        this.#fail(peerFailure("unauthenticated", what, "Check both certificates"))
      );
    }
    if (this.#accepted === undefined) {
      const accepted = new Endpoint(net, this.#remote, host.name);
      this.#accepted = accepted;
      accepted.joined(this.#endpoint.number);
      if (faults.acceptThenHang) {
        accepted.hung = true;
        this.#endpoint.hung = true;
      }
      listener.offer(accepted, identityOf(host, `${host.name}:${this.#endpoint.number}`));
    }
    const accepted = this.#accepted;
    this.#answer(() => this.#joined(accepted, identityOf(there, this.#address)));
  }

  #answer(arrive: () => void): void {
    this.#net.link(this.#remote, this.#process.host.name).carry(300, 5, arrive);
  }

  #joined(accepted: Endpoint, peer: PeerIdentity): void {
    if (this.done || this.#stopped || !this.#process.alive) {
      const { name } = this.#process.host;
      if (this.connection !== undefined) return;
      this.#net.link(name, this.#remote).carry(0, 6, () => accepted.break("The peer gave up"));
      return;
    }
    this.connection = new SimConnection(this.#process, this.#endpoint, peer);
    this.#endpoint.joined(accepted.number);
    this.settled.notify();
  }
}

/** A listening address of one process. */
export class SimListener implements Listener {
  readonly address: string;
  readonly #process: SimProcess;
  readonly #waiting: SimConnection[] = [];
  readonly #changed = new Signal();
  readonly #end: () => void;
  #closed = false;

  constructor(process: SimProcess, address: string) {
    this.address = address;
    this.#process = process;
    const { net } = process.host.world;
    net.listeners.set(address, this);
    this.#end = () => {
      net.listeners.delete(address);
      process.holdings.delete(this.#end);
      for (const connection of this.#waiting) connection.close();
      this.#waiting.length = 0;
    };
    process.holdings.add(this.#end);
  }

  /** True when no more connections can wait here. */
  get full(): boolean {
    return this.#waiting.length >= BACKLOG;
  }

  /** For the network: somebody has connected. */
  offer(endpoint: Endpoint, peer: PeerIdentity): void {
    this.#waiting.push(new SimConnection(this.#process, endpoint, peer));
    this.#changed.notify();
  }

  *accept(): Task<Connection | undefined> {
    yield* this.#process.call<void>({ kind: EVENT.network, delay: 1, perform: () => {} });
    yield* this.#changed.until(() => this.#closed || this.#waiting.length > 0);
    return this.#waiting.shift();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    this.#changed.notify();
  }
}

/** A connection as one process has it open. */
export class SimConnection implements Connection {
  readonly peer: PeerIdentity;
  readonly #process: SimProcess;
  readonly #endpoint: Endpoint;
  readonly #changed = new Signal();
  readonly #end: () => void;
  #closed = false;

  constructor(process: SimProcess, endpoint: Endpoint, peer: PeerIdentity) {
    this.peer = peer;
    this.#process = process;
    this.#endpoint = endpoint;
    endpoint.owner = { changed: () => this.#changed.notify() };
    // When the process dies its kernel resets what it had open.
    this.#end = () => {
      process.holdings.delete(this.#end);
      endpoint.owner = undefined;
      endpoint.reset("The peer reset the connection");
    };
    process.holdings.add(this.#end);
  }

  *read(): Task<Uint8Array | undefined> {
    const endpoint = this.#endpoint;
    yield* this.#changed.until(() => this.#closed || endpoint.broken !== "" || endpoint.readable);
    if (this.#closed) throw this.#lost("it was closed here");
    const bytes = endpoint.take();
    if (bytes !== undefined) return bytes;
    if (endpoint.ended) return undefined;
    throw this.#lost(endpoint.broken);
  }

  *write(bytes: Uint8Array): Task<void> {
    const endpoint = this.#endpoint;
    this.#check();
    yield* this.#process.call<void>({
      kind: EVENT.network,
      payload: bytes.length,
      delay: 5,
      perform: () => {
        this.#check();
        endpoint.put(bytes);
      },
    });
    yield* this.#changed.until(() => this.#closed || endpoint.broken !== "" || endpoint.writable);
    this.#check();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#process.holdings.delete(this.#end);
    this.#endpoint.close();
    this.#changed.notify();
  }

  #check(): void {
    if (this.#closed) throw this.#lost("it was closed here");
    if (this.#endpoint.broken !== "") throw this.#lost(this.#endpoint.broken);
  }

  #lost(why: string): Error {
    const message = `Lost the connection to ${this.peer.name}: ${why}`;
    return peerFailure("connection-lost", message, LINK_ENDED);
  }
}

function identityOf(host: SimHost, address: string): PeerIdentity {
  const { certificateName: name } = host;
  let fingerprint = "";
  for (let word = 0; word < 8; word++) {
    fingerprint += hashText(name, word).toString(16).padStart(8, "0");
  }
  return { name, fingerprint, address };
}

function splitAddress(address: string): { name: string; port: number } {
  const colon = address.lastIndexOf(":");
  const port = Number(address.slice(colon + 1));
  if (colon < 0 || !/^[0-9]{1,5}$/.test(address.slice(colon + 1)) || port > 65535) {
    throw requestFailure("bad-argument", `Not an address: ${address}`, "Write HOST:PORT");
  }
  return { name: address.slice(0, colon), port };
}
