/**
 * One connection from accept to close: handshake, admission to an export, session.
 *
 * @module
 */

import type { Loop } from "../../core/runtime/loop.ts";
import type { Task } from "../../core/runtime/task.ts";
import type { Attached, Attachments } from "../../core/server/attachments.ts";
import { promiseTask, runTask } from "../real_loop.ts";
import type { Budget } from "./budget.ts";
import type { ExportSource, OpenExport } from "./export.ts";
import { type Agreed, Handshake } from "./handshake.ts";
import { Input } from "./input.ts";
import { HANDSHAKE_MILLISECONDS } from "./limits.ts";
import { Session, type Stream } from "./session.ts";

/** What all connections of a server share. */
export interface Shared {
  readonly loop: Loop;
  readonly exports: ExportSource;
  /** Who is attached to what, and how a client makes room for the next one (N2). */
  readonly attachments: Attachments;
  readonly budget: Budget;
}

/** Serves one connection. */
export class ClientConnection implements Attached {
  readonly #shared: Shared;
  readonly #stream: Stream;
  readonly #writeThrough: boolean;
  #name: string | undefined;
  #session: Session | undefined;
  #stopped = false;

  constructor(shared: Shared, stream: Stream, writeThrough: boolean) {
    this.#shared = shared;
    this.#stream = stream;
    this.#writeThrough = writeThrough;
  }

  /** Serves until the end; never throws but for bugs of ours. */
  async run(): Promise<void> {
    try {
      const input = new Input();
      const agreed = await this.#handshake(input);
      if (agreed !== undefined && !this.#stopped) await this.#serve(input, agreed);
    } finally {
      this.#stream.close();
      this.#leave();
    }
  }

  /** See `Attached`. */
  stop(): Task<void> {
    return promiseTask(() => this.drop());
  }

  /** Drops the client; returns when nothing that it asked for is in progress. */
  async drop(): Promise<void> {
    this.#stopped = true;
    this.#stream.close();
    await this.#session?.stop();
  }

  async #handshake(input: Input): Promise<Agreed | undefined> {
    const deadline = setTimeout(() => this.#stream.close(), HANDSHAKE_MILLISECONDS);
    const handshake = new Handshake(
      this.#stream,
      input,
      this.#shared.exports,
      (name) => this.#admit(name),
    );
    try {
      return await handshake.run();
    } catch {
      // Only the stream throws there: the client is gone.
      return undefined;
    } finally {
      clearTimeout(deadline);
    }
  }

  /**
   * N2. Between the first look at the export and the end of the earlier client's writes the export
   * may have gone or have become another disk, so it is opened after them.
   */
  async #admit(name: string): Promise<OpenExport | undefined> {
    const { exports, attachments, loop } = this.#shared;
    this.#leave();
    this.#name = name;
    const together = exports.open(name)?.multiConn === true;
    await runTask(loop, attachments.enter(name, this, together), "nbd/enter");
    const opened = this.#stopped ? undefined : exports.open(name);
    if (opened === undefined) this.#leave();
    return opened;
  }

  #leave(): void {
    if (this.#name !== undefined) this.#shared.attachments.leave(this.#name, this);
    this.#name = undefined;
  }

  async #serve(input: Input, { agreement, opened }: Agreed): Promise<void> {
    const { loop, budget } = this.#shared;
    this.#session = new Session({
      loop,
      stream: this.#stream,
      input,
      budget,
      opened,
      agreement,
      writeThrough: this.#writeThrough,
    });
    await this.#session.serve();
  }
}
