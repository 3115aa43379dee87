/**
 * The digest tree: how two disks of which nothing is known are compared for little on the wire (L2).
 *
 * Three levels of units: regions of 256 blocks, leaves of 16, blocks. A region that is equal costs one
 * digest and ends there; one that differs is asked about by leaves, a leaf that differs by blocks. Digests of
 * blocks are dear (1/256 of the leaf and a frame for each), so there is a budget for them: within it only
 * differing blocks travel, and once it is spent differing leaves travel whole. It is measured so that
 *
 * - with under 1 % of the regions differing it lasts: on the wire are the differing blocks and 0.1 % of the disk,
 * - and in no case there is more than the differing leaves and 0.1 % of the disk.
 *
 * Pure: it is told of runs of suspected bytes and of answers, and says what to ask. It reads nothing, and a unit
 * that it asks about holds suspected bytes alone: whoever lies about it cannot hide a change that is known.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { KiB, MiB } from "../base/units.ts";

/** Blocks in a region of the tree. */
const REGION_BLOCKS = 256;
/** Blocks in a leaf. */
const LEAF_BLOCKS = 16;
/** Bytes of disk that one question covers, at most. */
export const QUESTION_BYTES = 32 * MiB;
/** Bytes on the wire for one question about one unit and its answer, beside those of further units. */
const QUESTION_COST = 128;
/** The same for each further unit. */
const UNIT_COST = 17;
/** What digests of blocks may take of the wire: a five-thousandth of the disk, and this much in any case. */
const BUDGET_SHARE = 5000;
const BUDGET_LEAST = 64 * KiB;

/** The units of a disk with blocks of a certain size, in bytes. */
export interface TreeUnits {
  readonly region: number;
  readonly leaf: number;
  readonly block: number;
}

/** Units to ask about: `count` of them from `at` on; the last one may reach beyond the end of the disk. */
export interface Question {
  readonly unit: number;
  readonly at: number;
  readonly count: number;
}

/** A run of bytes. */
export interface Range {
  readonly at: number;
  readonly length: number;
}

/** What to do with units that differ, or with a run that is suspected. */
export interface Step {
  /** To be asked about. */
  readonly ask: readonly Question[];
  /** To be sent: as good as known to be changed. */
  readonly send: readonly Range[];
}

/** The units for blocks of `block` bytes. */
export function treeUnits(block: number): TreeUnits {
  return {
    region: Math.max(block, Math.min(EXTENT_SIZE_MAX, REGION_BLOCKS * block)),
    leaf: Math.max(block, Math.min(EXTENT_SIZE_MAX, LEAF_BLOCKS * block)),
    block,
  };
}

/** Whether `unit` is one that a tree over blocks of `block` bytes asks about. */
export function isTreeUnit(unit: number, block: number): boolean {
  const { region, leaf } = treeUnits(block);
  return unit === region || unit === leaf || unit === block;
}

/** Decides the course of one comparison of one disk. */
export class DigestTree {
  readonly #units: TreeUnits;
  readonly #size: number;
  /** Bytes that may still go to digests of blocks. */
  #budget: number;

  /** `size`: bytes of the disk. `budget`: of those on the wire that digests of blocks may take. */
  constructor(
    block: number,
    size: number,
    budget: number = Math.max(BUDGET_LEAST, Math.floor(size / BUDGET_SHARE)),
  ) {
    this.#units = treeUnits(block);
    this.#size = size;
    this.#budget = budget;
  }

  /** How a run of suspected bytes, whole blocks, is asked about: by the largest units that lie in it. */
  begin({ at, length }: Range): Step {
    return this.#ask([this.#units.region, this.#units.leaf, this.#units.block], at, at + length);
  }

  /** Units of `unit` bytes differ, all of `[at, at + length)`: what to do with them. */
  descend(unit: number, { at, length }: Range): Step {
    const { region, leaf, block } = this.#units;
    assert(isTreeUnit(unit, block), "Only units of the tree are asked about");
    if (unit === region && region > leaf) return this.#ask([leaf, block], at, at + length);
    if (unit === leaf && leaf > block) return this.#ask([block], at, at + length);
    return { ask: [], send: [{ at, length }] };
  }

  /** Covers `[at, end)` with questions in `units`, the largest first. */
  #ask(units: readonly number[], at: number, end: number): Step {
    const ask: Question[] = [];
    const send: Range[] = [];
    for (let from = at; from < end;) {
      const { unit, to } = this.#piece(units, from, end);
      const question = { unit, at: from, count: Math.ceil((to - from) / unit) };
      if (unit !== this.#units.block || this.#afford(question.count)) ask.push(question);
      else send.push({ at: from, length: to - from });
      from = to;
    }
    return { ask, send };
  }

  /** The longest piece from `from` on in the largest unit that fits. The disk's end ends a unit, too. */
  #piece(units: readonly number[], from: number, end: number): { unit: number; to: number } {
    let limit = Math.min(end, from + QUESTION_BYTES);
    for (const unit of units) {
      const next = Math.ceil((from + 1) / unit) * unit;
      if (from % unit !== 0) limit = Math.min(limit, next);
      else if (next <= limit || limit === this.#size) {
        const to = limit === this.#size ? limit : limit - limit % unit;
        return { unit, to };
      }
    }
    throw new Error("Suspected runs are whole blocks");
  }

  #afford(blocks: number): boolean {
    const cost = QUESTION_COST + blocks * UNIT_COST;
    if (cost > this.#budget) return false;
    this.#budget -= cost;
    return true;
  }
}
