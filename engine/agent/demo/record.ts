/**
 * The demo's own record of what its guest wrote, and the comparison of a disk with it.
 *
 * Rule: it knows nothing of replication: no digest, no cut, no point. A disk is right when there is one
 * n such that every byte equals what writes 1 to n left, with all writes inside that must be.
 *
 * @module
 */

import { sameBytes, STAMP_SIZE, stampBlock, stampedWrite } from "./stamp.ts";

/** One write of the guest: whole blocks of one disk. */
export interface GuestWrite {
  /** First block. */
  readonly block: number;
  readonly blocks: number;
  /** Whether it wrote zeros. */
  readonly zero: boolean;
  /** When it was acknowledged, ms of `performance.now`; `undefined` while it is not. */
  acknowledgedAt: number | undefined;
}

/** Writes in order, numbered from 1. One at a time is under way. */
export class WriteRecord {
  readonly #writes: GuestWrite[] = [];
  #acknowledged = 0;

  /** How many were issued. */
  get issued(): number {
    return this.#writes.length;
  }

  /** How many were acknowledged: writes 1 to this one. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Notes a write before it is issued; returns its number. */
  issue(block: number, blocks: number, zero: boolean): number {
    this.#writes.push({ block, blocks, zero, acknowledgedAt: undefined });
    return this.#writes.length;
  }

  /** Notes that the newest write was acknowledged. */
  acknowledge(now: number): void {
    const newest = this.#writes[this.#writes.length - 1];
    if (newest === undefined) return;
    newest.acknowledgedAt = now;
    this.#acknowledged = this.#writes.length;
  }

  /** Write number `number`. */
  at(number: number): GuestWrite | undefined {
    return this.#writes[number - 1];
  }

  /** Blocks that any write touched. */
  touched(): Set<number> {
    const blocks = new Set<number>();
    for (const write of this.#writes) {
      for (let past = 0; past < write.blocks; past++) blocks.add(write.block + past);
    }
    return blocks;
  }

  /** The number of writes after which the disk held what `found` says, or the nearest to it. */
  match(found: ReadonlyMap<number, FoundBlock>, least: number, most: number): Match {
    const matches = (block: number, write: number | "before"): boolean => {
      const here = found.get(block);
      if (here === undefined) return false;
      if (write === "before") return here.pristine;
      return this.at(write)?.zero === true ? here.zero : here.write === write;
    };
    const last = new Map<number, number | "before">();
    let wrong = 0;
    for (const block of found.keys()) if (!matches(block, "before")) wrong++;
    let best: Match = { writes: 0, wrong };
    for (let number = 0; number <= Math.min(most, this.issued); number++) {
      const write = this.at(number);
      for (let past = 0; write !== undefined && past < write.blocks; past++) {
        const block = write.block + past;
        if (!matches(block, last.get(block) ?? "before")) wrong--;
        last.set(block, number);
        if (!matches(block, number)) wrong++;
      }
      if (number >= least && (wrong <= best.wrong || best.writes < least)) {
        best = { writes: number, wrong };
      }
    }
    return best;
  }
}

/** What a block that was written to holds; more than one may hold. */
export interface FoundBlock {
  /** What it held before the first write. */
  readonly pristine: boolean;
  readonly zero: boolean;
  /** The write whose block it is, every byte of it. */
  readonly write: number | undefined;
}

/** How well a disk fits the record. */
export interface Match {
  /** It holds writes 1 to this one. */
  readonly writes: number;
  /** Blocks that do not fit even so. */
  readonly wrong: number;
}

/** What `bytes`, read at `block`, can be. */
export function recognize(bytes: Uint8Array, pristine: Uint8Array, block: number): FoundBlock {
  const claimed = stampedWrite(bytes);
  const same = claimed === undefined ? false : isStamp(bytes, claimed, block);
  return {
    pristine: sameBytes(bytes, pristine),
    zero: sameBytes(bytes, ZERO_BLOCK),
    write: same ? claimed : undefined,
  };
}

const ZERO_BLOCK = new Uint8Array(STAMP_SIZE);
const expected = new Uint8Array(STAMP_SIZE);

function isStamp(bytes: Uint8Array, write: number, block: number): boolean {
  stampBlock(expected, write, block);
  return sameBytes(bytes, expected);
}
