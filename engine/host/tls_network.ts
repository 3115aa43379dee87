/**
 * The network of the real world: mutual TLS 1.3 between servers whose certificates one authority
 * signed.
 *
 * Rule: names are not matched against addresses. The peer's name is who it is, and what a name may
 * do is the engine's to say.
 *
 * @module
 */

import type { Connection, Listener, Network } from "../core/ports/network.ts";
import type { Task } from "../core/runtime/task.ts";
import { parseAddress } from "./address.ts";
import type { Credentials } from "./pki.ts";
import { callbackTask } from "./real_loop.ts";
import { dial } from "./tls_dial.ts";
import { OpenSockets } from "./tls_connection.ts";
import { TlsListener, type TlsListenerOptions } from "./tls_listener.ts";

/** How a network is made. */
export interface TlsNetworkOptions extends TlsListenerOptions {
  /** Reads the credentials, now and at every `reload`; what it throws passes through. */
  readonly credentials: () => Credentials;
}

/** `Network` over TLS. */
export class TlsNetwork implements Network {
  readonly #options: TlsNetworkOptions;
  readonly #listeners = new Set<TlsListener>();
  readonly #sockets = new OpenSockets();
  #credentials: Credentials;

  constructor(options: TlsNetworkOptions) {
    this.#options = options;
    this.#credentials = options.credentials();
  }

  /** Who this server is. */
  get credentials(): Credentials {
    return this.#credentials;
  }

  /** Reads the credentials again; connections from here on use them, those there are stay. */
  reload(): void {
    this.#credentials = this.#options.credentials();
    for (const listener of this.#listeners) listener.renew(this.#credentials);
  }

  /**
   * Waits until every connection that was closed is gone: what was written has reached its peer.
   */
  allClosed(): Task<void> {
    return this.#sockets.allClosed();
  }

  *listen(address: string): Task<Listener> {
    const place = parseAddress(address);
    const listener = new TlsListener(
      this.#credentials,
      this.#options,
      this.#sockets,
      () => this.#listeners.delete(listener),
    );
    yield* listener.open(place, address);
    this.#listeners.add(listener);
    return listener;
  }

  *connect(address: string, timeout: number): Task<Connection> {
    const place = parseAddress(address);
    const credentials = this.#credentials;
    return yield* callbackTask<Connection>((done, fail) =>
      dial(place, address, credentials, timeout, this.#sockets, done, fail)
    );
  }
}
