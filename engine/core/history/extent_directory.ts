/**
 * The directory of an index: a line for each page, by which a page is found (R5).
 *
 * A line is 32 bytes: `at` u64 and `disk` u16 of the page's first entry, reserved u16, count u32, page
 * offset u64, XXH3-64 of the page u64. The lines lie in pages of 1024 of their own, all but the last of
 * a level full, with lines of their own a level up, until one page holds a whole level: that is the root,
 * which lies where the trailer says. So up to 1024 pages the directory is the root alone.
 *
 * Rule: the root is in memory, 32 KiB at most; pages below it are the caller's to read and to keep.
 *
 * @module
 */

import { ByteReader, type ByteWriter } from "../base/bytes.ts";
import { inside } from "../block/extent.ts";

/** Bytes of one line. */
export const DIRECTORY_LINE_SIZE = 32;

/** What leads to a page. */
export interface DirectoryLine {
  readonly disk: number;
  readonly at: number;
  /** Entries or lines in the page. */
  readonly count: number;
  /** Where the page begins. */
  readonly offset: number;
  readonly checksum: bigint;
}

/** Writes `line` where the writer stands. */
export function writeDirectoryLine(writer: ByteWriter, line: DirectoryLine): void {
  writer.safe64(line.at).u16(line.disk).u16(0).u32(line.count).safe64(line.offset)
    .u64(line.checksum);
}

/** How many lines each level has that leads to `pages` pages of entries; the last one is the root's. */
export function directoryLevels(pages: number, linesOfPage: number): readonly number[] {
  const levels = [pages];
  for (let lines = pages; lines > linesOfPage;) {
    lines = Math.ceil(lines / linesOfPage);
    levels.push(lines);
  }
  return levels;
}

/** A page of lines whose checksum was right. */
export class DirectoryPage {
  /** Lines in it. */
  readonly count: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.count = bytes.length / DIRECTORY_LINE_SIZE;
  }

  /** Line `index`, decoded. */
  line(index: number): DirectoryLine {
    const reader = new ByteReader(this.#bytes, index * DIRECTORY_LINE_SIZE);
    const at = reader.safe64();
    const disk = reader.u16();
    reader.u16();
    return { disk, at, count: reader.u32(), offset: reader.safe64(), checksum: reader.u64() };
  }

  /** The last line whose page begins at or before `at` of `disk`, or the first. */
  find(disk: number, at: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const line = this.line(middle);
      if (line.disk < disk || (line.disk === disk && line.at <= at)) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** True when the lines are in order and their pages, of `size` bytes an item, lie before `end`. */
  sound(size: number, end: number): boolean {
    let last: DirectoryLine | undefined;
    for (let index = 0; index < this.count; index++) {
      const line = this.line(index);
      if (line.count === 0 || !inside(line.offset, line.count * size, end)) return false;
      if (last !== undefined) {
        if (last.disk > line.disk || (last.disk === line.disk && last.at >= line.at)) return false;
      }
      last = line;
    }
    return true;
  }
}
