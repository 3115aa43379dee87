/**
 * A link that can be cut, and that counts what it carries: a TCP proxy on loopback.
 *
 * @module
 */

/** Carries connections to one address until it is cut. */
export class Proxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #to: () => string;
  readonly #served: Promise<void>;
  #cut = false;
  #carried = 0;

  /** `to` is asked for the address at each connection. */
  constructor(to: () => string) {
    this.#to = to;
    this.#served = this.#serve();
  }

  /** Where to connect. */
  get address(): string {
    return `127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  /** Bytes of TLS that it has carried so far, in both directions together. */
  get carried(): number {
    return this.#carried;
  }

  /** Breaks every connection, and those that come. */
  cut(): void {
    this.#cut = true;
    for (const each of this.#open) close(each);
    this.#open.clear();
  }

  /** Carries again. */
  mend(): void {
    this.#cut = false;
  }

  async #serve(): Promise<void> {
    const carried: Promise<void>[] = [];
    for await (const near of this.#listener) carried.push(this.#carry(near));
    await Promise.all(carried);
  }

  async #carry(near: Deno.Conn): Promise<void> {
    if (this.#cut) return close(near);
    const [hostname = "", port] = this.#to().split(":");
    let far: Deno.Conn;
    try {
      far = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      return close(near);
    }
    for (const each of [near, far]) this.#open.add(each);
    const count = (bytes: number) => this.#carried += bytes;
    await Promise.all([copy(near, far, count), copy(far, near, count)]);
    for (const each of [near, far]) this.#open.delete(each);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#served;
  }
}

/** Copies until one side ends, and ends the other; tells `count` how many bytes go. */
async function copy(from: Deno.Conn, to: Deno.Conn, count: (bytes: number) => void): Promise<void> {
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      count(bytes.length);
      controller.enqueue(bytes);
    },
  });
  try {
    await from.readable.pipeThrough(counting).pipeTo(to.writable);
  } catch {
    // One of them was cut.
  } finally {
    close(from);
    close(to);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
