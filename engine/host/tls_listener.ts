/**
 * Waiting for peers: every client that finishes a handshake is judged, told, and handed out or
 * refused.
 *
 * Rule: bounded in clients and in time; a stranger who connects and says nothing costs one socket
 * for a few seconds.
 *
 * @module
 */

import type { Socket } from "node:net";
import * as tls from "node:tls";
import { type Failed, localFailure, peerFailure } from "../core/base/failure.ts";
import type { Connection, Listener } from "../core/ports/network.ts";
import { Signal } from "../core/runtime/signal.ts";
import type { Task } from "../core/runtime/task.ts";
import { formatAddress, type HostPort } from "./address.ts";
import { ACCEPTED, otherProtocol, PROTOCOL, refusalByte, refuses } from "./greeting.ts";
import { errorName, namedFailure } from "./os_failure.ts";
import type { Credentials } from "./pki.ts";
import { callbackTask } from "./real_loop.ts";
import { patchTlsBackpressure } from "./tls_backpressure.ts";
import { endInOrder, type OpenSockets, TlsConnection } from "./tls_connection.ts";
import { identify, tlsOptions } from "./tls_identity.ts";

/** Milliseconds that a client has for the handshake. */
const HANDSHAKE_MAX = 10_000;
/** Connections that are in the handshake or wait to be accepted; more are closed at once (E6). */
const PENDING_MAX = 256;

/** Whom a listener reports to, and its bounds. */
export interface TlsListenerOptions {
  /** Told of every connection that was refused, and why. */
  readonly onRejected?: (failure: Failed) => void;
  /** How long a client may take for the handshake, ms; 10 s unless stated. */
  readonly handshakeMax?: number;
}

type Timer = ReturnType<typeof setTimeout>;

/** `Listener` that hands out authenticated connections alone. Made by `TlsNetwork.listen`. */
export class TlsListener implements Listener {
  readonly #options: TlsListenerOptions;
  readonly #server: tls.Server;
  readonly #accepted: Connection[] = [];
  readonly #handshakes = new Map<string, { readonly timer: Timer; readonly end: () => void }>();
  readonly #changed = new Signal();
  readonly #onClose: () => void;
  readonly #sockets: OpenSockets;
  #credentials: Credentials;
  #address = "";
  #closed = false;

  constructor(
    credentials: Credentials,
    options: TlsListenerOptions,
    sockets: OpenSockets,
    onClose: () => void,
  ) {
    this.#sockets = sockets;
    this.#credentials = credentials;
    this.#options = options;
    this.#onClose = onClose;
    this.#server = tls.createServer({ ...tlsOptions(credentials), requestCert: true });
    this.#server.on("connection", (socket) => this.#begin(socket));
    this.#server.on("secureConnection", (socket) => this.#judge(socket));
    this.#server.on("tlsClientError", (error, socket) => this.#handshakeFailed(error, socket));
  }

  get address(): string {
    return this.#address;
  }

  /** Binds the address. */
  *open(place: HostPort, address: string): Task<void> {
    yield* callbackTask<void>((done, fail) => {
      this.#server.once("error", (error: Error) => fail(listenFailure(error, address)));
      this.#server.listen(place.port, place.host, () => {
        this.#server.removeAllListeners("error");
        done();
      });
      return undefined;
    });
    const bound = this.#server.address() as { port: number };
    this.#address = formatAddress({ host: place.host, port: bound.port });
  }

  *accept(): Task<Connection | undefined> {
    yield* this.#changed.until(() => this.#accepted.length > 0 || this.#closed);
    return this.#accepted.shift();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const connection of this.#accepted.splice(0)) connection.close();
    for (const { end } of [...this.#handshakes.values()]) end();
    this.#onClose();
    this.#changed.notify();
  }

  /** Uses other credentials from the next handshake on. */
  renew(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#server.setSecureContext(tlsOptions(credentials));
  }

  /** A client that does not finish its handshake is not kept. */
  #begin(socket: Socket): void {
    const key = endOf(socket);
    const end = () => {
      this.#settled(socket);
      socket.destroy();
    };
    if (this.#closed || this.#handshakes.size + this.#accepted.length >= PENDING_MAX) return end();
    const limit = this.#options.handshakeMax ?? HANDSHAKE_MAX;
    const timer = setTimeout(() => {
      end();
      this.#reject(peerFailure(
        "timed-out",
        `${key} did not finish the TLS handshake`,
        "Find out what connects there: a probe of a load balancer or a port scan does that too; a server connects again",
      ));
    }, limit);
    this.#handshakes.set(key, { timer, end });
    socket.on("close", () => this.#settled(socket));
  }

  #settled(socket: { remoteAddress?: string | undefined; remotePort?: number | undefined }): void {
    const key = endOf(socket);
    clearTimeout(this.#handshakes.get(key)?.timer);
    this.#handshakes.delete(key);
  }

  #judge(socket: tls.TLSSocket): void {
    this.#settled(socket);
    const address = endOf(socket);
    this.#sockets.add(socket);
    patchTlsBackpressure(socket);
    socket.on("error", () => {});
    if (this.#closed) return void socket.destroy();
    if (socket.alpnProtocol !== PROTOCOL) {
      socket.destroy();
      return this.#reject(otherProtocol(address));
    }
    const found = identify(socket, this.#credentials, "client", address);
    if ("peer" in found) {
      socket.write(new Uint8Array([ACCEPTED]));
      this.#accepted.push(new TlsConnection(socket, found.peer, this.#sockets));
      return this.#changed.notify();
    }
    // The client is told, and then gone, whether it listens or not.
    socket.write(new Uint8Array([refusalByte(found.trouble)]));
    endInOrder(socket);
    this.#reject(refuses(found.trouble, address, found.facts));
  }

  #handshakeFailed(error: Error, socket: tls.TLSSocket): void {
    this.#settled(socket);
    const address = endOf(socket);
    socket.destroy();
    const name = (error as { code?: string }).code ?? "";
    if (name === "ERR_SSL_NO_APPLICATION_PROTOCOL") return this.#reject(otherProtocol(address));
    this.#reject(peerFailure(
      "unauthenticated",
      `The TLS handshake with ${address} failed: ${error.message}`,
      "If this is a Warmsite server, look at its log; if not, find out who it is",
    ));
  }

  #reject(failure: Failed): void {
    this.#options.onRejected?.(failure);
  }
}

function endOf(socket: {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return "a client that is gone";
  return formatAddress({ host: remoteAddress, port: remotePort ?? 0 });
}

function listenFailure(error: Error, address: string): Failed {
  switch (errorName(error)) {
    case "EADDRINUSE":
      return localFailure(
        "busy",
        `Cannot listen at ${address}: the port is in use`,
        `Stop what uses it ("ss -ltnp"), or listen at another`,
      );
    // The runtime asks for an address that is not of this host in its own way.
    case "EINVAL":
    case "EADDRNOTAVAIL":
      return localFailure(
        "bad-argument",
        `Cannot listen at ${address}: this host has no such address`,
        "Use an address of this host, or 0.0.0.0 for all",
      );
  }
  return namedFailure(errorName(error) || "EIO", `listen at ${address}`);
}
