/**
 * The disks of the demo: an ext4 file system with one large file, or plain bytes; and copies.
 *
 * Nothing is mounted and nobody needs to be root: `mke2fs -d` fills the file system, `debugfs` tells
 * where the large file lies in it.
 *
 * @module
 */

import * as fs from "node:fs";
import { localFailure } from "../../core/base/failure.ts";
import { MiB } from "../../core/base/units.ts";
import type { Extent } from "../../core/block/extent.ts";
import { findProgram, runForeign } from "./foreign.ts";
import { STAMP_SIZE } from "./stamp.ts";

/** Bytes of a file system made for the demo. */
const IMAGE_SIZE = 64 * MiB;
/** Bytes of the large file in it. */
const FILE_SIZE = 32 * MiB;
/** Bytes of a disk without a file system. */
const PLAIN_SIZE = 48 * MiB;

/** A disk that the guest writes to. */
export interface DemoImage {
  /** The file that holds it as it was before the first write. */
  readonly pristine: string;
  /** Where the guest may write, in whole blocks. */
  readonly places: readonly Extent[];
  /** In words. */
  readonly what: string;
}

/** Why no file system can be made here; `undefined` when it can. */
export function missingForExt4(): string | undefined {
  const missing = ["mke2fs", "debugfs", "e2fsck"].filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(", ")} not found (package e2fsprogs)`;
}

/** An ext4 file system at `pristine`, filled from a folder that is made in `work`. */
export async function makeExt4(pristine: string, work: string): Promise<DemoImage> {
  const content = `${work}/content`;
  fs.mkdirSync(`${content}/letters`, { recursive: true });
  writePattern(`${content}/ledger.db`, FILE_SIZE);
  for (let number = 1; number <= 200; number++) {
    fs.writeFileSync(`${content}/letters/${number}.txt`, `Letter ${number}\n`.repeat(number));
  }
  await mustRun("mke2fs", [
    ...["-q", "-F", "-t", "ext4", "-b", "4096", "-L", "warmsite-demo", "-d", content],
    ...[pristine, `${IMAGE_SIZE / MiB}M`],
  ]);
  fs.rmSync(content, { recursive: true });
  const { output } = await mustRun("debugfs", ["-R", "dump_extents -l /ledger.db", pristine]);
  const places = parseExtents(output);
  const found = places.reduce((sum, { length }) => sum + length, 0);
  if (found !== FILE_SIZE) {
    throw localFailure(
      "io-error",
      `debugfs found ${found} bytes of a file of ${FILE_SIZE}`,
      "Run the demo with an image of your own: warmsite demo IMAGE",
    );
  }
  return {
    pristine,
    places,
    what: `an ext4 file system of ${IMAGE_SIZE / MiB} MiB, a file of ${FILE_SIZE / MiB} MiB in it`,
  };
}

/**
 * Extents of a file from `debugfs dump_extents -l` of a file system with blocks of 4 KiB, whose rows
 * are `Level Entries Logical Physical Length Flags`: ` 1/ 1   2/  6  1752 - 17877  8451 - 24576  16126`.
 */
export function parseExtents(output: string): Extent[] {
  const row = /^\s*\d+\/\s*\d+\s+\d+\/\s*\d+\s+\d+\s*-\s*\d+\s+(\d+)\s*-\s*(\d+)\s+(\d+)/;
  return output.split("\n").flatMap((line) => {
    const match = row.exec(line);
    if (match === null) return [];
    return [{ at: Number(match[1]) * STAMP_SIZE, length: Number(match[3]) * STAMP_SIZE }];
  });
}

/** A disk of plain bytes, all of which the guest may write. */
export function makePlain(pristine: string): DemoImage {
  writePattern(pristine, PLAIN_SIZE);
  return {
    pristine,
    places: [{ at: 0, length: PLAIN_SIZE }],
    what: `${PLAIN_SIZE / MiB} MiB of bytes without a file system`,
  };
}

/** A copy that shares space and keeps holes where the file system can. */
export async function copyImage(from: string, to: string): Promise<void> {
  const cp = findProgram("cp");
  if (cp !== undefined) {
    const copied = await runForeign(cp, ["--reflink=auto", "--sparse=auto", "--", from, to]);
    if (copied.code === 0) return;
  }
  await Deno.copyFile(from, to);
}

async function mustRun(name: string, args: readonly string[]) {
  const result = await runForeign(findProgram(name) ?? name, args);
  if (result.code === 0) return result;
  throw localFailure(
    "io-error",
    `${name} failed with status ${result.code}: ${result.errors.trim()}`,
    "Run the demo with an image of your own: warmsite demo IMAGE",
  );
}

/** Bytes that compress to about half, never two blocks the same. */
function writePattern(file: string, size: number): void {
  const descriptor = fs.openSync(file, "wx", 0o600);
  try {
    const words = new Uint32Array(MiB / 4);
    let state = 0x2545f491;
    for (let at = 0; at < size; at += MiB) {
      for (let index = 0; index < words.length; index++) {
        if ((index & 1) === 0) {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
        }
        words[index] = (index & 1) === 0 ? state : at;
      }
      fs.writeSync(descriptor, new Uint8Array(words.buffer), 0, Math.min(MiB, size - at));
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
