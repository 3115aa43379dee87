/**
 * I12: Every block that differs from the base is marked, at any time and after any crash of the primary.
 *
 * @module
 */

import type { MachineHistory, Mismatch } from "../oracle/history.ts";
import type { FactOf, Ground, Invariant } from "./fact.ts";

/** Bytes that are looked at together, if a block is smaller: most have not changed since the last look, and are passed by. */
const STRETCH = 4096;

/** What was found of one disk, against one base. */
class Known {
  readonly point: string;
  readonly blocks: number;
  /** Blocks of a stretch: a power of two, 8 at most. */
  readonly #each: number;
  /** By block: the last change of its bytes when it was judged and found right. */
  readonly #right: Int32Array;
  /** By stretch: its last change at the last look, and which of its blocks were not found right then, for they were marked. */
  readonly #seen: Int32Array;
  readonly #open: Uint8Array;

  constructor(point: string, blocks: number, blockSize: number) {
    this.point = point;
    this.blocks = blocks;
    this.#each = Math.max(1, Math.floor(STRETCH / blockSize));
    this.#right = new Int32Array(blocks).fill(-1);
    const stretches = Math.ceil(blocks / this.#each);
    this.#seen = new Int32Array(stretches).fill(-1);
    this.#open = new Uint8Array(stretches);
  }

  /** Judges what has changed and is not marked; the first block that is wrong. */
  judge(
    { disk, marks, blockSize, content, changed }: FactOf<"tracked">,
    history: MachineHistory,
    cut: number,
  ): { readonly block: number; readonly wrong: Mismatch } | undefined {
    const [each, right, open] = [this.#each, this.#right, this.#open];
    let word = 0;
    for (let stretch = 0; stretch < open.length; stretch++) {
      const first = stretch * each;
      const newest = changed(first * blockSize, each * blockSize);
      if ((first & 31) === 0) word = marks(first >>> 5);
      const marked = word >>> (first & 31);
      // What has not changed was right and is, or was marked and is.
      const same = newest === this.#seen[stretch];
      if (same && ((open[stretch] as number) & ~marked) === 0) continue;
      let left = 0;
      for (let block = first; block < Math.min(this.blocks, first + each); block++) {
        const last = each === 1 ? newest : changed(block * blockSize, blockSize);
        if (right[block] === last) continue;
        if ((marked & (1 << (block - first))) !== 0) {
          left |= 1 << (block - first);
          continue;
        }
        const wrong = history.judgeRange(disk, block * blockSize, blockSize, content, cut);
        if (wrong !== undefined) return { block, wrong };
        right[block] = last;
      }
      open[stretch] = left;
      this.#seen[stretch] = newest;
    }
    return undefined;
  }
}

/**
 * True when the replica has had a newer point than this one, and its state is an older one since. Its disks are ahead of
 * the point then, and suspect: what is compared with them is compared with what they hold.
 */
function wentBack(ground: Ground, vm: string, cut: number): boolean {
  const { staged } = ground.newest(vm);
  return ground.restored && staged !== undefined && (ground.madeOf(staged)?.instant ?? 0) > cut;
}

/** I12. */
export const DIRTY_SUPERSET: Invariant = {
  id: "I12",
  about:
    "Every block that differs from the base is marked, at any time and after any crash of the primary",
  begin: (ground) => {
    // What a block must hold to be as a base has it never changes: it is judged again when its bytes do.
    const known = new Map<string, Known>();
    return {
      // Disks of an empty host count their changes from the beginning.
      destroyed: () => known.clear(),
      tracked: (fact) => {
        const { host, vm, disk, base, issued, blockSize, content, opened } = fact;
        const made = base.kind === "point" ? ground.madeOf(base.point) : undefined;
        if (base.kind !== "point" || made === undefined) return;
        const { instant: cut, history } = made;
        // When a point was made that no cut made, only its reader knows.
        const since = ground.cutOf(base.point) ?? -Infinity;
        const stale = issued.find((point) => (ground.cutOf(point) ?? Infinity) <= since);
        if (stale !== undefined) {
          // The marks prove nothing about it, and a replica that stood there would be believed.
          ground.violate(
            "I12",
            `${vm}: ${stale} counts as issued since base ${base.point}, and is not`,
          );
        }
        if (wentBack(ground, vm, cut)) return;
        const blocks = Math.ceil(content.length / blockSize);
        const key = `${host}/${vm}/${disk}`;
        let found = known.get(key);
        if (found?.point !== base.point || found.blocks !== blocks) {
          found = new Known(base.point, blocks, blockSize);
          known.set(key, found);
        }
        const judged = found.judge(fact, history, cut);
        if (judged === undefined) return;
        const { block, wrong } = judged;
        const when = opened ? "after a restart" : "while running";
        ground.violate(
          "I12",
          `${vm}: block ${block} of disk ${disk} is not marked ${when} and differs from base ` +
            `${base.point}: sector ${wrong.sector} holds ${wrong.found}; base: ${wrong.expected}`,
        );
      },
    };
  },
};
