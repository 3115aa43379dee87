/**
 * The demo's guest: writes to its disk over NBD without pause, and records what was acknowledged.
 *
 * One request is under way at a time, so that the order of the writes is known. Now and then it writes
 * several blocks at once, zeros, or flushes.
 *
 * @module
 */

import { isFailed } from "../../core/base/failure.ts";
import type { Extent } from "../../core/block/extent.ts";
import { NbdClient } from "../../host/nbd/client.ts";
import { WriteRecord } from "./record.ts";
import { STAMP_SIZE, stampBlock } from "./stamp.ts";

/** Blocks in one write, at most. */
const BLOCKS_MAX = 8;
/** Writes between two flushes. */
const FLUSH_EVERY = 256;
/** Writes in a second, at most: a busy machine, not a benchmark. */
const RATE_MAX = 2500;

/** Writes until its disk goes away or it is told to stop. */
export class Guest {
  /** What it wrote. */
  readonly record = new WriteRecord();
  /** Resolves when it has stopped. */
  readonly ended: Promise<void>;
  readonly #client: NbdClient;
  readonly #places: readonly Extent[];
  readonly #blocks: number;
  readonly #buffer = new Uint8Array(BLOCKS_MAX * STAMP_SIZE);
  #random = 0x9e3779b9;
  #stopping = false;
  #stopped = false;

  private constructor(client: NbdClient, places: readonly Extent[]) {
    this.#client = client;
    this.#places = places;
    this.#blocks = places.reduce((sum, { length }) => sum + length / STAMP_SIZE, 0);
    this.ended = this.#run().finally(() => this.#stopped = true);
  }

  /** Starts to write to `places` (whole blocks) of the export at `uri`. */
  static async start(uri: string, places: readonly Extent[]): Promise<Guest> {
    return new Guest(await NbdClient.connect(uri), places);
  }

  /** Resolves in the middle of a write, or when there will be none. */
  async inMidWrite(): Promise<void> {
    while (!this.#stopped && this.record.issued === this.record.acknowledged) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** Stops after the request under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.ended;
  }

  async #run(): Promise<void> {
    const started = performance.now();
    try {
      while (!this.#stopping) {
        await this.#write();
        const { acknowledged } = this.record;
        if (acknowledged % FLUSH_EVERY === 0) await this.#client.flush();
        const ahead = acknowledged / RATE_MAX * 1000 - (performance.now() - started);
        if (ahead > 2) await new Promise((resolve) => setTimeout(resolve, ahead));
      }
      await this.#client.disconnect();
    } catch (error) {
      // The primary was killed: what was under way is neither written nor lost, as far as anybody knows.
      this.#client.close();
      if (!isFailed(error)) throw error;
    }
  }

  async #write(): Promise<void> {
    const { block, blocks } = this.#choose();
    const zero = this.#next() % 50 === 0;
    const number = this.record.issue(block, blocks, zero);
    if (zero) await this.#client.zero(block * STAMP_SIZE, blocks * STAMP_SIZE);
    else {
      for (let past = 0; past < blocks; past++) {
        const place = this.#buffer.subarray(past * STAMP_SIZE, (past + 1) * STAMP_SIZE);
        stampBlock(place, number, block + past);
      }
      const bytes = this.#buffer.subarray(0, blocks * STAMP_SIZE);
      await this.#client.write(block * STAMP_SIZE, bytes);
    }
    this.record.acknowledge(performance.now());
  }

  /** A run of blocks inside one place. */
  #choose(): { block: number; blocks: number } {
    let index = this.#next() % this.#blocks;
    for (const { at, length } of this.#places) {
      const here = length / STAMP_SIZE;
      if (index < here) {
        const wanted = this.#next() % 10 === 0 ? 1 + this.#next() % BLOCKS_MAX : 1;
        return { block: at / STAMP_SIZE + index, blocks: Math.min(wanted, here - index) };
      }
      index -= here;
    }
    throw new Error("The guest has no place to write to");
  }

  #next(): number {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return this.#random >>> 0;
  }
}
