/**
 * The writer's own log, and the one question of the torture: is there a moment T such that an image
 * holds exactly the writes before T?
 *
 * Rule: it knows times of issue and acknowledgement and what blocks hold; no digest, no cut and no
 * event of the engine. Writes that overlap in time are unordered: T may fall anywhere inside them. A
 * write whose connection ended before its acknowledgement happened before that end, block by block, or
 * never; once any image shows a block of it, it happened.
 *
 * @module
 */

import { GARBAGE, ZERO } from "./stamp.ts";

/** One write of whole blocks. */
export interface LoggedWrite {
  /** From 1 on, in the order of issue. */
  readonly seq: number;
  readonly block: number;
  readonly blocks: number;
  /** ms of `performance.now`, taken before the request was handed to the connection. */
  readonly issuedAt: number;
  /** ms, taken after the reply arrived; `undefined` while there is none. */
  ackedAt: number | undefined;
  /** When its connection was known to have ended without a reply, ms. */
  endedAt: number | undefined;
  /** Bit i: some image showed block i of it, or the image that follows from it. */
  seen: number;
}

/** What is known of the moment that an image must hold. */
export interface Bounds {
  /** Every write acknowledged before this is inside, ms. */
  readonly after?: number;
  /** No write issued after this is inside, ms. */
  readonly before?: number;
  /** An earlier image of the same chain: no block may be older than there. */
  readonly from?: Int32Array;
}

/** What was found out about an image. */
export interface Judgement {
  /** Empty when the image is right. */
  readonly problems: readonly string[];
  /** Writes inside, as far as blocks tell: the sequence number of the newest one. */
  readonly newest: number;
  /** Acknowledged writes that are not inside. */
  readonly missing: number;
}

/** Problems that are spelled out. */
const PROBLEMS_MAX = 8;

/** The log. */
export class WriteLog {
  readonly writes: LoggedWrite[] = [];
  /** Sequence numbers by block, in the order of issue: one block has one write under way at most. */
  readonly #byBlock: number[][];
  readonly #stamped: number;

  /** `blocks` of the disk, the first `stamped` of which held stamps of write 0 at first. */
  constructor(blocks: number, stamped: number) {
    this.#byBlock = Array.from({ length: blocks }, () => []);
    this.#stamped = stamped;
  }

  /** Notes a write just before it is issued. */
  issue(block: number, blocks: number): LoggedWrite {
    const seq = this.writes.length + 1;
    const write: LoggedWrite = {
      seq,
      block,
      blocks,
      issuedAt: performance.now(),
      ackedAt: undefined,
      endedAt: undefined,
      seen: 0,
    };
    this.writes.push(write);
    for (let past = 0; past < blocks; past++) this.#byBlock[block + past]?.push(seq);
    return write;
  }

  /** Bytes of distinct units of `unit` blocks that writes with a number above `seq` touched. */
  bytesSince(seq: number, blockSize: number, unit = 1): number {
    const touched = new Set<number>();
    for (const { block, blocks } of this.writes.slice(seq)) {
      for (let past = 0; past < blocks; past++) touched.add(Math.floor((block + past) / unit));
    }
    return touched.size * unit * blockSize;
  }

  /** Judges an image: `found` has of each block what `readStamp` said. */
  judge(found: Int32Array, bounds: Bounds = {}): Judgement {
    const problems: string[] = [];
    const tell = (problem: string) => problems.length < PROBLEMS_MAX && problems.push(problem);
    let low: LoggedWrite | undefined;
    let high: LoggedWrite | undefined;
    let newest = 0;
    for (const [block, history] of this.#byBlock.entries()) {
      const place = this.#placeOf(block, found[block] ?? GARBAGE);
      if (place === undefined) {
        tell(`block ${block} holds ${describe(found[block] ?? GARBAGE)}, never written there`);
        continue;
      }
      if (bounds.from !== undefined) {
        const before = this.#placeOf(block, bounds.from[block] ?? GARBAGE) ?? -1;
        if (place < before) tell(`block ${block} is older than in an earlier image`);
      }
      const inside = this.writes[(history[place] ?? 0) - 1];
      if (inside !== undefined) {
        inside.seen |= 1 << (block - inside.block);
        newest = Math.max(newest, inside.seq);
        if (low === undefined || inside.issuedAt > low.issuedAt) low = inside;
      }
      const outside = this.#firstOutside(block, history, place);
      if (outside !== undefined && (high === undefined || happened(outside) < happened(high))) {
        high = outside;
      }
    }
    const lowest = low?.issuedAt ?? -Infinity;
    const highest = high === undefined ? Infinity : happened(high);
    if (lowest > highest) {
      tell(`write ${low?.seq} is inside and write ${high?.seq}, which ended before it, is not`);
    }
    if (bounds.after !== undefined && highest < bounds.after) {
      tell(`write ${high?.seq} was acknowledged before the point was asked for and is not inside`);
    }
    if (bounds.before !== undefined && lowest > bounds.before) {
      tell(`write ${low?.seq} is inside and was issued after the point was there`);
    }
    const missing = this.#tearAndCount(found, lowest, highest, tell);
    return { problems, newest, missing };
  }

  /** Which write of a block's history `stamp` is: −1 for what was there first, `undefined` for none. */
  #placeOf(block: number, stamp: number): number | undefined {
    if (stamp === ZERO) return block >= this.#stamped ? -1 : undefined;
    if (stamp === 0) return block < this.#stamped ? -1 : undefined;
    if (stamp === GARBAGE) return undefined;
    const place = this.#byBlock[block]?.lastIndexOf(stamp) ?? -1;
    return place < 0 ? undefined : place;
  }

  /** The first write to `block` after `place` that certainly happened. */
  #firstOutside(block: number, history: readonly number[], place: number): LoggedWrite | undefined {
    for (let at = place + 1; at < history.length; at++) {
      const write = this.writes[(history[at] ?? 0) - 1];
      if (write === undefined) continue;
      const seen = (write.seen & (1 << (block - write.block))) !== 0;
      if (write.ackedAt !== undefined || (seen && write.endedAt !== undefined)) return write;
    }
    return undefined;
  }

  /** An acknowledged write is inside with all of its blocks or with none. Counts those that are not. */
  #tearAndCount(
    found: Int32Array,
    lowest: number,
    highest: number,
    tell: (problem: string) => unknown,
  ): number {
    let missing = 0;
    for (let at = this.writes.length - 1; at >= 0; at--) {
      const write = this.writes[at];
      if (write?.ackedAt === undefined) continue;
      if (write.issuedAt > highest) {
        missing++;
        continue;
      }
      if (write.ackedAt < lowest) continue;
      let inside = 0;
      for (let past = 0; past < write.blocks; past++) {
        const block = write.block + past;
        const place = this.#placeOf(block, found[block] ?? GARBAGE) ?? -1;
        const own = this.#byBlock[block]?.lastIndexOf(write.seq) ?? -1;
        if (place >= own) inside++;
      }
      if (inside === 0) missing++;
      else if (inside < write.blocks) tell(`write ${write.seq} is inside in part`);
    }
    return missing;
  }
}

/** The latest moment at which a write took effect, ms. */
function happened({ ackedAt, endedAt }: LoggedWrite): number {
  return ackedAt ?? endedAt ?? Infinity;
}

function describe(stamp: number): string {
  if (stamp === GARBAGE) return "no whole stamp of its place";
  return stamp === ZERO ? "zeros" : `write ${stamp}`;
}
