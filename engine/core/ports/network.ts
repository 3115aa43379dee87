/**
 * Connections to peers. They carry bytes in order; framing is the engine's `wire`.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";

/** Who is at the other end, as the transport has proved it. */
export interface PeerIdentity {
  /** The peer's name from its certificate's subject alternative name. */
  readonly name: string;
  /** SHA-256 of its certificate in hex, or a stand-in in the simulated world. */
  readonly fingerprint: string;
  /** Where it connected from or was reached, for people. */
  readonly address: string;
}

/** A mutually authenticated connection. */
export interface Connection {
  /** Who is at the other end. */
  readonly peer: PeerIdentity;
  /**
   * The next bytes, as many as there are, owned by the caller; `undefined` when the peer ended in
   * order. A reader that does not read stops the peer (back-pressure). Fails with `connection-lost`.
   */
  read(): Task<Uint8Array | undefined>;
  /**
   * Takes back what `read` gave, all of it, whose caller is done with it: saves a transport that has
   * its own memory for it the wait for the collector. May be missing.
   */
  reuse?(bytes: Uint8Array): void;
  /** Sends `bytes`; returns when the transport can take more. They must not change meanwhile. */
  write(bytes: Uint8Array): Task<void>;
  /** Ends the connection at once, both ways; reads and writes in progress fail. Idempotent. */
  close(): void;
}

/** Waits for peers to connect. */
export interface Listener {
  /** The address that was bound, `host:port`. */
  readonly address: string;
  /** The next authenticated connection; `undefined` after `close`. */
  accept(): Task<Connection | undefined>;
  /** Accepts no more; connections stay. */
  close(): void;
}

/** The network as this server can use it. */
export interface Network {
  /** Waits for peers at `address`, `host:port`. */
  listen(address: string): Task<Listener>;
  /** Connects and authenticates both ways, or fails within `timeout` µs. */
  connect(address: string, timeout: number): Task<Connection>;
}
