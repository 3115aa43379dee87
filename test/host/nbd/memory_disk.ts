/**
 * A disk in memory whose calls a test can hold up, fail and look at.
 *
 * @module
 */

import type { Extent } from "../../../engine/core/block/extent.ts";
import type { Disk, DiskIdentity } from "../../../engine/core/ports/disk.ts";
import type { Token } from "../../../engine/core/runtime/loop.ts";
import { suspend, type Task } from "../../../engine/core/runtime/task.ts";

const BLOCK = 4096;

/** A call that is held up; the test lets it go on. */
export interface HeldCall {
  readonly kind: "read" | "write" | "zero" | "flush";
  readonly at: number;
  readonly length: number;
  /** Lets it go on; with an error it fails. */
  release(error?: Error): void;
}

/** Bytes, and which blocks were ever written. */
export class MemoryDisk implements Disk {
  readonly size: number;
  readonly bytes: Uint8Array;
  /** Calls in the order in which they took effect, e.g. `write 0+4096`, `flush`. */
  readonly log: string[] = [];
  /** Which calls are held up. */
  holds: (kind: HeldCall["kind"], at: number) => boolean = () => false;
  /** Calls that are held up, oldest first. */
  readonly held: HeldCall[] = [];
  /** Fails the calls of a kind. */
  readonly failing = new Map<HeldCall["kind"], Error>();
  readonly #written = new Set<number>();
  #someHeld: (() => void)[] = [];

  constructor(size: number) {
    this.size = size;
    this.bytes = new Uint8Array(size);
  }

  /** Resolves when at least `count` calls are held up. */
  async untilHeld(count = 1): Promise<void> {
    while (this.held.length < count) {
      await new Promise<void>((resolve) => this.#someHeld.push(resolve));
    }
  }

  /** Lets every held call go on. */
  releaseAll(error?: Error): void {
    for (const call of this.held.splice(0)) call.release(error);
  }

  *#pass(kind: HeldCall["kind"], at: number, length: number): Task<void> {
    if (this.holds(kind, at)) {
      yield* suspend<void>({
        begin: (token: Token) => {
          this.held.push({
            kind,
            at,
            length,
            release: (error) => error === undefined ? token.resume() : token.fail(error),
          });
          for (const resolve of this.#someHeld.splice(0)) resolve();
          return undefined;
        },
      });
    }
    const failure = this.failing.get(kind);
    if (failure !== undefined) throw failure;
    this.log.push(kind === "flush" ? kind : `${kind} ${at}+${length}`);
  }

  *read(at: number, length: number): Task<Uint8Array> {
    yield* this.#pass("read", at, length);
    return this.bytes.slice(at, at + length);
  }

  *write(at: number, data: Uint8Array): Task<void> {
    yield* this.#pass("write", at, data.length);
    this.bytes.set(data, at);
    this.#mark(at, data.length, true);
  }

  *zero(at: number, length: number): Task<void> {
    yield* this.#pass("zero", at, length);
    this.bytes.fill(0, at, at + length);
    this.#mark(at, length, false);
  }

  *flush(): Task<void> {
    yield* this.#pass("flush", 0, 0);
  }

  // deno-lint-ignore require-yield -- it is at hand
  *identity(): Task<DiskIdentity> {
    return { device: "memory", inode: "", size: this.size, changed: "", stamped: false };
  }

  // deno-lint-ignore require-yield -- it is at hand
  *allocated(at: number, length: number): Task<readonly Extent[]> {
    const extents: Extent[] = [];
    const end = at + length;
    for (let from = at; from < end;) {
      const to = Math.min(end, (Math.floor(from / BLOCK) + 1) * BLOCK);
      if (this.#written.has(Math.floor(from / BLOCK))) {
        const last = extents.at(-1);
        if (last !== undefined && last.at + last.length === from) {
          extents[extents.length - 1] = { at: last.at, length: to - last.at };
        } else extents.push({ at: from, length: to - from });
      }
      from = to;
    }
    return extents;
  }

  *close(): Task<void> {}

  #mark(at: number, length: number, written: boolean): void {
    for (let block = Math.floor(at / BLOCK); block * BLOCK < at + length; block++) {
      if (written) this.#written.add(block);
      else if (block * BLOCK >= at && (block + 1) * BLOCK <= at + length) {
        this.#written.delete(block);
      }
    }
  }
}

/** The same, reading into memory of the caller's. */
export class IntoDisk extends MemoryDisk {
  *readInto(at: number, into: Uint8Array): Task<void> {
    into.set(yield* this.read(at, into.length));
  }
}
