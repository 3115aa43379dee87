/**
 * One authenticated TLS connection as the engine sees it: bytes in order, with back-pressure.
 *
 * Rule: at most `READ_AHEAD` bytes (and one chunk of the runtime) wait to be read; then the socket
 * is paused, and the peer with it. It does not know frames, nor how the peer was authenticated.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import { Failed, LINK_ENDED, peerFailure } from "../core/base/failure.ts";
import { KiB } from "../core/base/units.ts";
import type { Connection, PeerIdentity } from "../core/ports/network.ts";
import { Signal } from "../core/runtime/signal.ts";
import type { Task } from "../core/runtime/task.ts";
import { callbackTask } from "./real_loop.ts";
import { patchTlsBackpressure } from "./tls_backpressure.ts";

/** Bytes that wait to be read when the socket is paused. */
const READ_AHEAD = 256 * KiB;
/** A longer write is not copied; it returns when the bytes have left. */
const COPY_MAX = 16 * KiB;

/** Smaller chunks are left to the collector: giving back costs more. */
const REUSE_MIN = 8 * KiB;

/** Milliseconds that a peer has to take what was written before a close. */
const CLOSE_MAX = 1000;

/** The sockets that are open, so that a program can end when all are closed. */
export class OpenSockets {
  readonly #sockets = new Set<TLSSocket>();
  readonly #changed = new Signal();

  /** Remembers a socket until it is closed. */
  add(socket: TLSSocket): void {
    if (this.#sockets.has(socket) || socket.closed) return;
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#changed.notify();
    });
  }

  /** Waits until all are closed. */
  allClosed(): Task<void> {
    return this.#changed.until(() => this.#sockets.size === 0);
  }
}

/**
 * Lets what was written reach the peer, then closes. Destroyed at once, the socket would take bytes
 * with it that the peer has not read: those not sent, and those that a reset overtakes.
 */
export function endInOrder(socket: TLSSocket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), CLOSE_MAX);
  socket.on("close", () => clearTimeout(timer));
  socket.on("end", () => socket.destroy());
  // Read on, to come to the peer's end; what it sent until then is nobody's.
  socket.resume();
  socket.end();
}

/** `Connection` on a TLS socket whose handshake is done. */
export class TlsConnection implements Connection {
  readonly peer: PeerIdentity;
  readonly #socket: TLSSocket;
  readonly #changed = new Signal();
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #paused = false;
  #ended = false;
  #closedHere = false;
  #failed: Failed | undefined;

  /**
   * Takes the socket over. `early` is what was read from it before; `sockets` is told of the socket
   * while it is open.
   */
  constructor(
    socket: TLSSocket,
    peer: PeerIdentity,
    sockets: OpenSockets,
    early: readonly Uint8Array[] = [],
  ) {
    this.peer = peer;
    this.#socket = socket;
    sockets.add(socket);
    patchTlsBackpressure(socket);
    socket.setNoDelay(true);
    for (const chunk of early) this.#take(chunk);
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
    socket.on("end", () => {
      this.#ended = true;
      this.#changed.notify();
    });
    socket.on("drain", () => this.#changed.notify());
    socket.on("error", (error: Error) => this.#fail(`was lost: ${error.message}`));
    socket.on("close", () => this.#fail("was closed"));
    if (!this.#paused) socket.resume();
  }

  *read(): Task<Uint8Array | undefined> {
    yield* this.#changed.until(() =>
      this.#chunks.length > 0 || this.#ended || this.#failed !== undefined
    );
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      // The peer's end comes before the close that follows it, and is not a failure.
      if (this.#ended && !this.#closedHere) return undefined;
      throw this.#failed ?? this.#lost("was closed");
    }
    this.#waiting -= chunk.length;
    if (this.#paused && this.#waiting < READ_AHEAD / 2) {
      this.#paused = false;
      this.#socket.resume();
    }
    return chunk;
  }

  reuse({ buffer, byteLength }: Uint8Array): void {
    if (byteLength !== buffer.byteLength || byteLength < REUSE_MIN) return;
    if (buffer instanceof ArrayBuffer) buffer.transfer(0);
  }

  *write(bytes: Uint8Array): Task<void> {
    if (this.#failed !== undefined) throw this.#failed;
    if (bytes.length > COPY_MAX) {
      yield* this.#writeThrough(bytes);
      return;
    }
    // The socket may keep the bytes after this returns, when they are the caller's again.
    if (this.#socket.write(bytes.slice())) return;
    yield* this.#changed.until(() => !this.#socket.writableNeedDrain || this.#failed !== undefined);
    if (this.#failed !== undefined) throw this.#failed;
  }

  *#writeThrough(bytes: Uint8Array): Task<void> {
    yield* callbackTask<void>((done, fail) => {
      this.#socket.write(bytes, (error) => {
        if (error) fail(this.#failed ?? this.#lost(`was lost: ${error.message}`));
        else done();
      });
      // Whoever is cancelled leaves; the bytes stay in use until they are sent or all is closed.
      return () => {};
    });
  }

  close(): void {
    if (this.#closedHere) return;
    this.#failed ??= this.#lost("was closed here");
    this.#closedHere = true;
    this.#chunks = [];
    this.#waiting = 0;
    this.#changed.notify();
    endInOrder(this.#socket);
  }

  #take(chunk: Uint8Array): void {
    if (this.#failed !== undefined) return;
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= READ_AHEAD && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
    this.#changed.notify();
  }

  #fail(how: string): void {
    this.#failed ??= this.#lost(how);
    this.#changed.notify();
  }

  #lost(how: string): Failed {
    return peerFailure(
      "connection-lost",
      `The connection to "${this.peer.name}" (${this.peer.address}) ${how}`,
      LINK_ENDED,
    );
  }
}
