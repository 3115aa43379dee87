/**
 * Maps of a machine's disks on both sides: which cycle last wrote each part, and how much of it the replica does not have.
 *
 * Rule: they follow what guests were told and which points were cut and staged, never what the engine says of its bits.
 *
 * @module
 */

import { type DiskFrame, RECORDING_BOUNDS } from "./recording.ts";

/** Either side. */
export type Side = 0 | 1;

/** One disk. */
class DiskMap {
  readonly sides: [Uint8Array, Uint8Array];
  readonly #cells: number;
  readonly #blocks: number;
  /** For each block the number of its last write, from 1; 0 for none. */
  readonly #last: Float64Array;
  /** Writes that the newest staged point holds. */
  #held = 0;
  /** Blocks written behind those, altogether and by cell: kept up to date, for there are many blocks and frames. */
  #changed = 0;
  readonly #counts: Uint32Array;

  constructor(blocks: number, used: number) {
    this.#blocks = blocks;
    this.#cells = Math.min(blocks, RECORDING_BOUNDS.cells);
    this.#last = new Float64Array(blocks);
    this.#counts = new Uint32Array(this.#cells);
    this.sides = [new Uint8Array(this.#cells), new Uint8Array(this.#cells)];
    this.sides[0].fill(1, 0, Math.ceil(this.#cells * used));
  }

  #cellOf(block: number): number {
    return Math.floor((block * this.#cells) / this.#blocks);
  }

  wrote(side: Side, block: number, number: number, cycle: number): void {
    if (block >= this.#blocks) return;
    const cell = this.#cellOf(block);
    if ((this.#last[block] as number) <= this.#held && number > this.#held) this.#count(cell);
    this.#last[block] = number;
    this.sides[side][cell] = cycle;
  }

  /** A point with the first `writes` writes is staged. */
  holds(writes: number): void {
    this.#held = writes;
    this.#changed = 0;
    this.#counts.fill(0);
    for (let block = 0; block < this.#blocks; block++) {
      if ((this.#last[block] as number) > writes) this.#count(this.#cellOf(block));
    }
  }

  #count(cell: number): void {
    this.#changed++;
    this.#counts[cell] = (this.#counts[cell] as number) + 1;
  }

  /** Blocks written behind what the newest staged point holds, and of each cell how many of 255 parts. */
  changed(): { readonly blocks: number; readonly cells: Uint8Array } {
    const counts = this.#counts;
    const all = this.#blocks / this.#cells;
    const cells = new Uint8Array(this.#cells);
    for (let cell = 0; cell < cells.length; cell++) {
      cells[cell] = Math.ceil((255 * (counts[cell] as number)) / all);
    }
    return { blocks: this.#changed, cells };
  }
}

/** All disks of one machine. */
export class MachineMaps {
  readonly #disks: readonly DiskMap[];
  /** What the disks were like at each cut, and how many writes it holds. */
  readonly #cuts = new Map<
    string,
    { readonly cells: readonly Uint8Array[]; readonly writes: number }
  >();
  #cycle = 1;
  /** Writes that the newest staged point holds. */
  #held = 0;

  /** Disks of so many blocks, of which a share holds something. */
  constructor(blocks: readonly number[], used: number) {
    this.#disks = blocks.map((count) => new DiskMap(count, used));
  }

  /** Writes that the newest point at the replica holds. */
  get held(): number {
    return this.#held;
  }

  /** A guest was told that blocks are written: its `number`th write. */
  wrote(side: Side, disk: number, block: number, count: number, number: number): void {
    for (let at = block; at < block + count; at++) {
      this.#disks[disk]?.wrote(side, at, number, this.#cycle);
    }
  }

  /** A point was cut at a side, which holds the first `writes` writes. */
  cut(side: Side, point: string, writes: number): void {
    this.#cuts.set(point, { cells: this.#disks.map(({ sides }) => sides[side].slice()), writes });
    this.#cycle = 1 + (this.#cycle % 255);
  }

  /** A point is staged at a side. */
  staged(side: Side, point: string): void {
    const cut = this.#cuts.get(point);
    if (cut === undefined) return;
    this.#held = cut.writes;
    for (const disk of this.#disks) disk.holds(cut.writes);
    this.#show(side, cut.cells);
  }

  /** A side begins on a point, whatever it had. */
  begins(side: Side, point: string): void {
    const cut = this.#cuts.get(point);
    if (cut !== undefined) this.#show(side, cut.cells);
  }

  #show(side: Side, cells: readonly Uint8Array[]): void {
    for (const [disk, map] of this.#disks.entries()) map.sides[side].set(cells[disk] as Uint8Array);
  }

  /** Nobody will ask for a point any more. */
  dropped(point: string): void {
    this.#cuts.delete(point);
  }

  /** Everything at a side is gone. */
  destroyed(side: Side): void {
    for (const { sides } of this.#disks) sides[side].fill(0);
  }

  /** What is shown of each disk. */
  frames(): { readonly disks: DiskFrame[]; readonly changedBlocks: number } {
    let changedBlocks = 0;
    const disks = this.#disks.map((map) => {
      const { blocks, cells } = map.changed();
      changedBlocks += blocks;
      return { first: map.sides[0].slice(), second: map.sides[1].slice(), changed: cells };
    });
    return { disks, changedBlocks };
  }
}
