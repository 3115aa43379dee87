/**
 * Links: the sessions to replica servers, one per address, shared by all machines that go there.
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Ports } from "../ports/ports.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Scope } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import type { Hello } from "../wire/message.ts";
import { Session } from "../wire/session.ts";
import { Outgoing } from "./outgoing.ts";

/** How long connecting may take, handshake included, µs. */
export const CONNECT_TIMEOUT = 10 * SECOND;

interface Link {
  readonly connecting: Mutex;
  session: Session | undefined;
}

/** Sessions by address. */
export class Links {
  /** What all machines share of the bandwidth, and of the places for large transfers. */
  readonly outgoing: Outgoing;
  readonly #ports: Ports;
  readonly #scope: Scope;
  readonly #hello: Omit<Hello, "type" | "protocol">;
  readonly #links = new Map<string, Link>();
  #closed = false;
  /** Told of every address to which a session was opened. */
  readonly listeners = new Set<(address: string) => void>();

  constructor(ports: Ports, scope: Scope, hello: Omit<Hello, "type" | "protocol">) {
    this.outgoing = new Outgoing(ports.clock);
    this.#ports = ports;
    this.#scope = scope;
    this.#hello = hello;
  }

  /** The open session to `address`; connects when there is none. */
  *session(address: string): Task<Session> {
    let link = this.#links.get(address);
    if (link === undefined) {
      link = { connecting: new Mutex(), session: undefined };
      this.#links.set(address, link);
    }
    return yield* link.connecting.during(this.#connected(link, address));
  }

  *#connected(link: Link, address: string): Task<Session> {
    if (this.#closed) {
      throw localFailure("connection-lost", "The server stops", "Ask again once it runs");
    }
    if (link.session !== undefined && !link.session.closed) return link.session;
    const connection = yield* this.#ports.network.connect(address, CONNECT_TIMEOUT);
    try {
      link.session = yield* Session.start(
        this.#ports,
        this.#scope,
        connection,
        "initiator",
        this.#hello,
      );
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#ports.observer.emit({ kind: "connected", peer: link.session.peer.name });
    this.#scope.spawn("link", this.#report(link.session));
    for (const listener of this.listeners) listener(address);
    return link.session;
  }

  *#report(session: Session): Task<void> {
    yield* session.whenClosed();
    const reason = session.closeReason?.message ?? "closed";
    this.#ports.observer.emit({ kind: "disconnected", peer: session.peer.name, reason });
  }

  /** Ends every session and opens no more. */
  close(): void {
    this.#closed = true;
    for (const link of this.#links.values()) link.session?.close();
  }
}
