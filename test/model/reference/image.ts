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
  return firstDifference(one, other) === "" && firstDifference(other, one) === "";
}

/** `image` without what it has at `places`, for a point from before those disks were whole. */
export function without(image: Image, places: ReadonlySet<number>): Image {
  const left = image.map((blocks, disk) => places.has(disk) ? [] : blocks);
  return trimmed(left);
}

/** Without places for disks behind the last one that there is. */
export function trimmed(image: Image): Image {
  return image.slice(0, image.findLastIndex(({ length }) => length > 0) + 1);
}

/** `image` with its disks as long as they are found, where they may be longer by zeros, up to `longest` blocks. */
export function lengthened(image: Image, found: Image, longest: readonly number[]): Image {
  return image.map((blocks, disk) => {
    const shown = found[disk]?.length ?? 0;
    if (shown <= blocks.length || shown > (longest[disk] ?? 0)) return blocks;
    return Array.from({ length: shown }, (_, block) => blocks[block] ?? 0);
  });
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

  /** The disk at `disk` has so many blocks from here on: zeros behind those that it had. */
  resize(disk: number, blocks: number): void {
    const places = Math.max(this.#image.length, disk + 1);
    const image = Array.from({ length: places }, (_, at) => this.#image[at] ?? []);
    const old = image[disk] ?? [];
    image[disk] = Array.from({ length: blocks }, (_, block) => old[block] ?? 0);
    this.#image = image;
  }

  /** Its disks may be longer by zeros, up to so many blocks each: they are as long as they are found. */
  lengthen(found: Image, longest: readonly number[]): void {
    this.#image = lengthened(this.#image, found, longest);
  }

  /** Disks of which nothing was known hold this. */
  learn(found: Image): void {
    this.#image = found.map((blocks, disk) =>
      this.#image[disk]?.length ? this.#image[disk] : blocks
    );
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

  /** Power was lost and this is what survived; why it cannot be, or "". Disks that are not looked at are `unseen`. */
  survived(found: Image, unseen: ReadonlySet<number> = new Set()): string {
    for (const [disk, blocks] of this.#image.entries()) {
      if (unseen.has(disk)) continue;
      for (const [block, stamp] of blocks.entries()) {
        const shown = found[disk]?.[block] as number;
        const may = this.#open.get(`${disk}/${block}`);
        if (shown === stamp || may?.has(shown) === true) continue;
        return `after a loss of power disk ${disk} block ${block} holds ${shown}, not ${stamp}`;
      }
    }
    const more = found.findIndex((blocks, disk) =>
      blocks.length > (this.#image[disk]?.length ?? 0)
    );
    if (more >= 0) return `disk ${more} has blocks that nobody knows`;
    this.#image = this.#image.map((old, disk) => unseen.has(disk) ? old : found[disk] ?? old);
    this.#open.clear();
    return "";
  }
}
