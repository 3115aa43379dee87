/**
 * The link between the two servers under torture: a relay of bytes that counts them, keeps its own
 * address while the replica's changes with each start, and can be made slow.
 *
 * @module
 */

/** A relay on loopback. */
export class Relay {
  /** Where the primary connects, `host:port`. */
  readonly address: string;
  /** The replica's port at this moment. */
  target = 0;
  /** Bytes a second from primary to replica; `undefined` for as many as go through. */
  rate: number | undefined;
  /** Bytes that primary and replica sent to each other. */
  forward = 0;
  backward = 0;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #tasks = new Set<Promise<void>>();

  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${this.#listener.addr.port}`;
    this.#track(this.#accept());
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) this.#end(conn);
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  #track(task: Promise<void>): void {
    const tracked = task.finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) this.#track(this.#join(near));
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#open.add(near);
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
    } catch {
      // The replica is down: the primary learns it as it would without a relay.
      this.#end(near);
      return;
    }
    this.#open.add(far);
    await Promise.all([
      this.#pump(near, far, (count) => this.forward += count, () => this.rate),
      this.#pump(far, near, (count) => this.backward += count, () => undefined),
    ]);
  }

  async #pump(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    count: (bytes: number) => void,
    rate: () => number | undefined,
  ): Promise<void> {
    const buffer = new Uint8Array(128 * 1024);
    try {
      for (;;) {
        const length = await from.read(buffer);
        if (length === null) break;
        count(length);
        const slow = rate();
        if (slow !== undefined) {
          await new Promise((resolve) => setTimeout(resolve, length / slow * 1000));
        }
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
    } catch {
      // Either end was killed.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(conn: Deno.TcpConn): void {
    if (!this.#open.delete(conn)) return;
    try {
      conn.close();
    } catch {
      // It ended by itself.
    }
  }
}
