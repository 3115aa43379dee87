/**
 * The guest under torture: writes over NBD with several requests under way, through every death of its
 * server, and logs each one.
 *
 * Rule: no two requests under way touch the same block, so that each block has one order of writes; all
 * else may overlap in time.
 *
 * @module
 */

import { NbdClient } from "../../engine/host/nbd/client.ts";
import { BLOCK, writeStamp } from "./stamp.ts";
import type { LoggedWrite, WriteLog } from "./write_log.ts";

/** Requests under way. */
const DEPTH = 8;
/** Blocks in one write, at most. */
const BLOCKS_MAX = 8;
/** Writes in a second, at most. */
const RATE_MAX = 600;
/** Blocks of the part of the disk that most writes go to. */
const HOT_BLOCKS = 1280;
/** Writes after which it moves. */
const HOT_WRITES = 4000;
/** Writes between two flushes. */
const FLUSH_EVERY = 200;

/** Writes until told to stop. */
export class Writer {
  readonly log: WriteLog;
  /** How often it had to connect again. */
  reconnects = 0;
  readonly #uri: string;
  readonly #blocks: number;
  readonly #busy = new Set<number>();
  #random: number;
  #stopping = false;
  #ended: Promise<unknown> | undefined;
  #issued = 0;

  /** `uri` of the export of `blocks` blocks. */
  constructor(uri: string, log: WriteLog, blocks: number, seed: number) {
    this.#uri = uri;
    this.log = log;
    this.#blocks = blocks;
    this.#random = seed >>> 0 || 1;
  }

  /** Begins to write. */
  start(): void {
    this.#stopping = false;
    this.#ended = this.#run();
  }

  /** Stops when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const client = await this.#connect();
      if (client === undefined) return;
      const session: LoggedWrite[] = [];
      await Promise.all(Array.from({ length: DEPTH }, () => this.#write(client, session)));
      if (this.#stopping) await client.disconnect();
      else client.close();
      await client.closed;
      // Whatever was not acknowledged happened by this moment, or never.
      const now = performance.now();
      for (const write of session) if (write.ackedAt === undefined) write.endedAt = now;
      this.#busy.clear();
    }
  }

  async #connect(): Promise<NbdClient | undefined> {
    while (!this.#stopping) {
      try {
        const client = await NbdClient.connect(this.#uri);
        this.reconnects++;
        return client;
      } catch {
        await pause(10);
      }
    }
    return undefined;
  }

  /** One of the requests under way, again and again, until the connection ends. */
  async #write(client: NbdClient, session: LoggedWrite[]): Promise<void> {
    const buffer = new Uint8Array(BLOCKS_MAX * BLOCK);
    const began = performance.now();
    const before = this.#issued;
    while (!this.#stopping) {
      const { block, blocks } = this.#choose();
      const held = Array.from({ length: blocks }, (_, past) => block + past);
      for (const each of held) this.#busy.add(each);
      const write = this.log.issue(block, blocks);
      session.push(write);
      this.#issued++;
      for (const [past, each] of held.entries()) {
        writeStamp(buffer.subarray(past * BLOCK, (past + 1) * BLOCK), write.seq, each);
      }
      try {
        await client.write(block * BLOCK, buffer.subarray(0, blocks * BLOCK));
        write.ackedAt = performance.now();
        for (const each of held) this.#busy.delete(each);
        if (write.seq % FLUSH_EVERY === 0) await client.flush();
      } catch {
        return;
      }
      const due = began + (this.#issued - before) / RATE_MAX * 1000;
      const ahead = due - performance.now();
      if (ahead > 1) await pause(ahead);
    }
  }

  #choose(): { block: number; blocks: number } {
    for (;;) {
      const wanted = this.#next() % 4 === 0 ? 1 + this.#next() % BLOCKS_MAX : 1;
      const far = this.#next() % 30 === 0;
      const span = this.#blocks - HOT_BLOCKS;
      const hot = Math.floor(this.log.writes.length / HOT_WRITES) * 7919 % span;
      const block = far ? this.#next() % this.#blocks : hot + this.#next() % HOT_BLOCKS;
      const blocks = Math.min(wanted, this.#blocks - block);
      let free = true;
      for (let past = 0; past < blocks; past++) free &&= !this.#busy.has(block + past);
      if (free) return { block, blocks };
    }
  }

  #next(): number {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return this.#random >>> 0;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
