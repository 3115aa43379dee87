/**
 * The image that is replicated: 2 GiB of ext4 half full of files, and a delta of scattered extents.
 *
 * Rule: made from a seed. Contents are text (45 %), rows as a database keeps them (35 %) and bytes
 * that do not compress (20 %), put together of short pieces, so that no long run occurs twice and a
 * tool that looks for known blocks finds only those that did not change.
 *
 * @module
 */

import type { Extent } from "../engine/core/block/extent.ts";
import { KiB, MiB } from "../engine/core/base/units.ts";
import { makeBlock } from "./codec_data.ts";
import { run } from "./measure.ts";

/** What is made. */
export interface ImagePlan {
  /** Bytes of the image. */
  readonly size: number;
  /** Bytes of files in it. */
  readonly files: number;
  /** Extents that change. */
  readonly extents: number;
  /** Bytes of all of them, about. */
  readonly changed: number;
}

/** The full size. */
export const STANDARD_IMAGE: ImagePlan = {
  size: 2048 * MiB,
  files: 1024 * MiB,
  extents: 3128,
  changed: 107_400_000,
};
/** An eighth of it. */
export const QUICK_IMAGE: ImagePlan = {
  size: 256 * MiB,
  files: 128 * MiB,
  extents: 391,
  changed: 13_425_000,
};

const FILE_SIZE = 4 * MiB;
const POOL_SIZE = 16 * MiB;

/** Content without end. */
export class Content {
  readonly #pools: readonly Uint8Array[];
  #state: number;

  constructor(seed: number) {
    this.#pools = ["text", "db", "random"].map((shape) => makeBlock(shape, POOL_SIZE, seed + 1));
    this.#state = seed | 1;
  }

  /** An integer of 0 to `below` - 1. */
  below(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  /** Fills `bytes` with content of one kind. */
  fill(bytes: Uint8Array): Uint8Array {
    const dice = this.below(100);
    const pool = this.#pools[dice < 45 ? 0 : dice < 80 ? 1 : 2] as Uint8Array;
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(1 + this.below(4 * KiB), bytes.length - at);
      const from = this.below(POOL_SIZE - length);
      bytes.set(pool.subarray(from, from + length), at);
      at += length;
    }
    return bytes;
  }
}

/** Makes the image at `file`; `scratch` is a folder for its files, removed afterwards. */
export async function makeImage(file: string, plan: ImagePlan, scratch: string): Promise<void> {
  const content = new Content(0x5eed);
  await Deno.mkdir(scratch, { recursive: true });
  const bytes = new Uint8Array(FILE_SIZE);
  for (let number = 0; number * FILE_SIZE < plan.files; number++) {
    await Deno.writeFile(`${scratch}/file-${number}`, content.fill(bytes));
  }
  await run("mke2fs", ["-q", "-t", "ext4", "-d", scratch, file, `${plan.size / MiB}m`]);
  await Deno.remove(scratch, { recursive: true });
}

/** Where the delta lies: extents of 4 to 64 KiB in data, in order, none next to another. */
export function chooseDelta(plan: ImagePlan, allocated: readonly Extent[]): Extent[] {
  const content = new Content(0xde17a);
  const wanted = plan.changed / plan.extents / 4096;
  const free = allocated.reduce((sum, { length }) => sum + length, 0) / plan.extents;
  const extents: Extent[] = [];
  let offset = 0;
  let before = 0;
  for (const { at, length } of allocated) {
    while (offset < before + length - 128 * KiB && extents.length < plan.extents) {
      // 1 to 16 blocks, on average as many as are wanted.
      const spare = 2 * (wanted - 8.5);
      const blocks = Math.max(1, Math.min(16, 1 + content.below(16) + Math.round(spare / 2)));
      const from = Math.ceil((at + offset - before) / 4096) * 4096;
      extents.push({ at: from, length: blocks * 4096 });
      offset += free;
    }
    before += length;
    offset = Math.max(offset, before);
  }
  return extents;
}

/** Writes the delta into `file`. */
export function writeDelta(file: string, extents: readonly Extent[]): void {
  const content = new Content(0xc0ffee);
  using target = Deno.openSync(file, { write: true });
  for (const { at, length } of extents) {
    target.seekSync(at, Deno.SeekMode.Start);
    target.writeSync(content.fill(new Uint8Array(length)));
  }
}
