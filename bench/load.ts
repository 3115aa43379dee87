/**
 * A guest under load: 4 KiB writes all over a disk through NBD, many in flight.
 *
 * @module
 */

import { NbdClient } from "../engine/host/nbd/client.ts";
import { Content } from "./image.ts";
import { wait } from "./measure.ts";

const BLOCK = 4096;

/** How a guest writes. */
export interface LoadOptions {
  /** Writes in flight. */
  readonly depth: number;
  /** Writes a second, at most; 0: as many as it can. */
  readonly rate: number;
}

/** Writes until it is told to stop. */
export class LoadGuest {
  /** Writes that were answered. */
  written = 0;
  readonly #client: NbdClient;
  readonly #running: Promise<unknown>;
  readonly #options: LoadOptions;
  readonly #content = new Content(0x10ad);
  readonly #began = performance.now();
  #stopping = false;

  private constructor(client: NbdClient, options: LoadOptions) {
    this.#client = client;
    this.#options = options;
    this.#running = Promise.all(Array.from({ length: options.depth }, () => this.#run()));
  }

  /** Starts to write to the export at `uri`. */
  static async start(uri: string, options: LoadOptions): Promise<LoadGuest> {
    return new LoadGuest(await NbdClient.connect(uri), options);
  }

  /** Writes a second so far. */
  get rate(): number {
    return this.written / (performance.now() - this.#began) * 1000;
  }

  /** Stops after the writes in flight. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#client.disconnect();
  }

  async #run(): Promise<void> {
    const { rate } = this.#options;
    const blocks = Math.floor(this.#client.size / BLOCK);
    const bytes = new Uint8Array(BLOCK);
    while (!this.#stopping) {
      this.#content.fill(bytes);
      await this.#client.write(this.#content.below(blocks) * BLOCK, bytes);
      this.written++;
      const ahead = rate === 0 ? 0 : this.written / rate * 1000 - (performance.now() - this.#began);
      if (ahead > 2) await wait(ahead);
    }
  }
}
