/**
 * Who is attached to which export, and how a client makes room for the next one (N2).
 *
 * Rule: unless clients agreed to share an export, the newest wins; it is served only when everything
 * that earlier ones had begun has ended, so that no write of theirs lands behind one of its own.
 * Knows no protocol: whoever serves exports has clients with a `stop`.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { ExportUser } from "./exports.ts";

/** A client of an export, whether it is served already or waits to be. */
export interface Attached {
  /** Drops its input; returns when everything it had begun has ended. Can be called again. */
  stop(): Task<void>;
}

/** The clients of every export. */
export class Attachments implements ExportUser {
  readonly #clients = new Map<string, Set<Attached>>();

  /**
   * Makes `client` a client of `name`; returns when it may be served. Unless `together`, every earlier
   * one is stopped and waited for first, those included that wait themselves.
   */
  *enter(name: string, client: Attached, together = false): Task<void> {
    const clients = this.#clients.get(name) ?? new Set<Attached>();
    const earlier = [...clients];
    this.#clients.set(name, clients.add(client));
    if (together) return;
    yield* this.#stop(name, earlier);
  }

  /** Stops clients all at once: one that is slow to end must not leave the next one at work. */
  *#stop(name: string, clients: readonly Attached[]): Task<void> {
    if (clients.length === 0) return;
    yield* all(`stop clients of ${name}`, clients.map((client) => client.stop()));
    for (const client of clients) this.leave(name, client);
  }

  /** Forgets a client that has ended. */
  leave(name: string, client: Attached): void {
    const clients = this.#clients.get(name);
    if (clients === undefined || !clients.delete(client)) return;
    if (clients.size === 0) this.#clients.delete(name);
  }

  /** How many clients `name` has. */
  clients(name: string): number {
    return this.#clients.get(name)?.size ?? 0;
  }

  /** Stops every client of `name`; when it returns, nothing of theirs is in progress. */
  *drop(name: string): Task<void> {
    yield* this.#stop(name, [...this.#clients.get(name) ?? []]);
  }
}
