/**
 * What disks hold, for the reference model: one number for each block, 0 for zeros.
 *
 * @module
 */

/** Contents of all disks of a machine: `image[disk][block]` is the stamp that the block was written with. */
export type Image = readonly (readonly number[])[];

/** Disks of so many blocks each, all zeros. */
export function blankImage(disks: readonly number[]): Image {
  return disks.map((blocks) => Array.from({ length: blocks }, () => 0));
}

/** `image` with `count` blocks of one disk written with `stamp`. */
export function written(
  image: Image,
  disk: number,
  block: number,
  count: number,
  stamp: number,
): Image {
  return image.map((blocks, index) =>
    index !== disk
      ? blocks
      : blocks.map((old, at) => at >= block && at < block + count ? stamp : old)
  );
}

/** True when both hold the same. */
export function sameImage(one: Image, other: Image): boolean {
  return one.length === other.length && firstDifference(one, other) === "";
}

/** `image` without what it has at `places`, for a point from before those disks were whole. */
export function without(image: Image, places: ReadonlySet<number>): Image {
  const left = image.map((blocks, disk) => places.has(disk) ? [] : blocks);
  return left.slice(0, left.findLastIndex(({ length }) => length > 0) + 1);
}

/** The first block in which two images differ, for people; "" where they do not. */
export function firstDifference(found: Image, wanted: Image): string {
  for (const [disk, blocks] of wanted.entries()) {
    for (const [block, stamp] of blocks.entries()) {
      const shown = found[disk]?.[block];
      if (shown !== stamp) return `disk ${disk} block ${block} holds ${shown}, not ${stamp}`;
    }
  }
  const more = found.findIndex(({ length }, disk) => length > (wanted[disk]?.length ?? 0));
  return more < 0 ? "" : `disk ${more} has blocks that nobody knows`;
}

/** A guest's disks: what they hold, and what a loss of power may leave of them. */
export class GuestDisks {
  #image: Image;
  /** Blocks written since the last flush, as `disk/block`, with every stamp that may be what remains. */
  readonly #open = new Map<string, Set<number>>();

  constructor(image: Image) {
    this.#image = image;
  }

  /** What they hold. */
  get image(): Image {
    return this.#image;
  }

  /** One disk more, all zeros. */
  add(blocks: number): void {
    this.#image = [...this.#image, Array.from({ length: blocks }, () => 0)];
  }

  /** A write that was acknowledged. */
  write(disk: number, block: number, count: number, stamp: number): void {
    for (let at = block; at < block + count; at++) {
      const key = `${disk}/${at}`;
      const may = this.#open.get(key) ?? new Set([this.#image[disk]?.[at] as number]);
      this.#open.set(key, may.add(stamp));
    }
    this.#image = written(this.#image, disk, block, count, stamp);
  }

  /** A flush that was acknowledged. */
  flush(disk: number): void {
    for (const key of [...this.#open.keys()]) {
      if (key.startsWith(`${disk}/`)) this.#open.delete(key);
    }
  }

  /** Power was lost and this is what survived; why it cannot be, or "". */
  survived(found: Image): string {
    for (const [disk, blocks] of this.#image.entries()) {
      for (const [block, stamp] of blocks.entries()) {
        const shown = found[disk]?.[block] as number;
        const may = this.#open.get(`${disk}/${block}`);
        if (shown === stamp || may?.has(shown) === true) continue;
        return `after a loss of power disk ${disk} block ${block} holds ${shown}, not ${stamp}`;
      }
    }
    this.#image = found;
    this.#open.clear();
    return "";
  }
}
