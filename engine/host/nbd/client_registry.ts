/**
 * Who is connected to which export, and how a client makes room for the next one (N2).
 *
 * @module
 */

/** A connection that has asked for an export, whether it is served already or waits to be. */
export interface Dropped {
  /** Drops its input and closes it; returns when everything it had begun has ended. Idempotent. */
  stop(): Promise<void>;
}

/** The clients of every export. */
export class ClientRegistry {
  readonly #clients = new Map<string, Set<Dropped>>();

  /**
   * Makes `client` a client of `name`; unless `together`, every earlier one is stopped and waited for
   * first, those included that still wait themselves: the newest wins.
   */
  async enter(name: string, client: Dropped, together: boolean): Promise<void> {
    const clients = this.#clients.get(name) ?? new Set<Dropped>();
    const earlier = [...clients];
    this.#clients.set(name, clients.add(client));
    if (!together) await Promise.all(earlier.map((other) => other.stop()));
  }

  /** Forgets a client that has ended. */
  leave(name: string, client: Dropped): void {
    const clients = this.#clients.get(name);
    if (clients === undefined || !clients.delete(client)) return;
    if (clients.size === 0) this.#clients.delete(name);
  }

  /** How many clients `name` has. */
  count(name: string): number {
    return this.#clients.get(name)?.size ?? 0;
  }

  /** Stops every client of `name` and returns when nothing of theirs is in progress. */
  async drop(name: string): Promise<void> {
    await Promise.all([...this.#clients.get(name) ?? []].map((client) => client.stop()));
  }
}
