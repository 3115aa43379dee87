/**
 * Initial replication: straight to the raw disks, published as the first point at the end (C5).
 *
 * Rule: before the first point there is no view and no failover, so a half-written disk harms nobody.
 * The set digests are kept up while one process writes the whole seed onto disks it made; otherwise
 * the disks are read once when the seed is published.
 *
 * @module
 */

import { localFailure, requestFailure } from "../base/failure.ts";
import { type SeedId, toHex } from "../base/units.ts";
import { Bitmap } from "../block/bitmap.ts";
import { accumulateSetDigest, DIGEST_SIZE } from "../ports/codec.ts";
import type { Disk } from "../ports/disk.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { StagedExtent } from "../wire/extent.ts";
import type { PointDeclaration, PointRecord } from "./recovery_point.ts";
import type { ReplicaFiles } from "./replica_files.ts";
import { refuseWithoutRoom, taken } from "./room.ts";
import { scanDigests } from "./scan_digests.ts";

interface SeedDigest {
  readonly sum: Uint8Array;
  readonly written: Bitmap;
}

/** The initial replication of one machine. */
export class Seeding {
  readonly #files: ReplicaFiles;
  /** Set digests and written blocks per disk, while both are known from the beginning. */
  #sums: SeedDigest[] | undefined;

  /** `fresh` says that the disks were made just before and read as zeros. */
  constructor(files: ReplicaFiles, fresh: boolean) {
    this.#files = files;
    if (!fresh) return;
    const { sizes, blockSize } = files.context;
    this.#sums = sizes.map((size) => {
      return { sum: new Uint8Array(DIGEST_SIZE), written: new Bitmap(size / blockSize) };
    });
  }

  /** Begins or goes on with `seed`. The disks keep what they hold: every block is sent or compared. */
  *begin(seed: SeedId, space: number): Task<void> {
    const { state } = this.#files;
    if (state.points.length > 0) {
      throw localFailure(
        "wrong-state",
        `"${state.name}" has recovery points: an initial replication would overwrite them`,
        "Resynchronize, or remove the replica first",
      );
    }
    if (state.seed === seed) return;
    const { folder, disks } = this.#files;
    const more = space - (yield* taken(disks));
    if (more > 0) yield* refuseWithoutRoom(folder, state.name, more);
    // Crash before or after: there is no point, so nothing can be wrong about the disks.
    yield* this.#files.commit((before) => ({ ...before, seed, stamps: [] }));
  }

  /**
   * Writes an extent; `content` is its bytes, `undefined` for zeros, and `digest` their set digest if
   * it is known. In the kernel when it returns.
   */
  *write(
    extent: StagedExtent,
    content: Uint8Array | undefined,
    digest: Uint8Array | undefined,
  ): Task<void> {
    if (this.#files.state.seed === undefined) throw noSeed();
    const disk = this.#files.disks[extent.disk] as Disk;
    // Should anything fail on the way, the digests are not known any more.
    const sums = this.#sums;
    this.#sums = undefined;
    const known = sums?.[extent.disk];
    if (content === undefined && known !== undefined && !touched(known, extent, this.#files)) {
      // Zeros where a disk that was made just before was never written: a hole stays one (M27).
      this.#sums = sums;
      return;
    }
    // It may have grown meanwhile.
    const { sizes, blockSize } = this.#files.context;
    known?.written.grow((sizes[extent.disk] ?? 0) / blockSize);
    if (known !== undefined) yield* this.#discount(disk, extent, known);
    // Content that was not digested as it came is digested while it is written.
    const counted = known === undefined ? [] : [this.#count(extent, content, digest, known)];
    yield* all("seed-write", [...counted, this.#put(disk, extent, content)]);
    this.#sums = sums;
  }

  *#put(disk: Disk, extent: StagedExtent, content: Uint8Array | undefined): Task<void> {
    // Crash in here: no point refers to the disks yet; the primary sends again what was not flushed.
    if (content === undefined) yield* disk.zero(extent.at, extent.length);
    else yield* disk.write(extent.at, content);
  }

  /** Takes what is overwritten out of the digest. */
  *#discount(disk: Disk, { at, length }: StagedExtent, known: SeedDigest): Task<void> {
    const { codec, blockSize } = this.#files.context;
    if (!known.written.any(at / blockSize, (at + length) / blockSize)) return;
    const old = yield* disk.read(at, length);
    accumulateSetDigest(known.sum, yield* codec.setDigest(at, old, blockSize), -1);
  }

  /** Takes the new content into the digest. */
  *#count(
    { at, length }: StagedExtent,
    content: Uint8Array | undefined,
    digest: Uint8Array | undefined,
    known: SeedDigest,
  ): Task<void> {
    if (content === undefined) return;
    const { codec, blockSize } = this.#files.context;
    known.written.set(at / blockSize, (at + length) / blockSize);
    const term = digest ?? (yield* codec.setDigest(at, content, blockSize));
    accumulateSetDigest(known.sum, term, 1);
  }

  /** Makes everything written durable. */
  *flush(): Task<void> {
    for (const disk of this.#files.disks) {
      yield* disk.flush();
      // A whole disk passes through here, and nobody reads it soon.
      if (disk.dropCached !== undefined) yield* disk.dropCached();
    }
  }

  /** Makes `point` the first recovery point. */
  *publish(point: PointDeclaration): Task<void> {
    if (this.#files.state.seed === undefined) throw noSeed();
    yield* this.flush();
    const sums = this.#sums?.length === point.sizes.length ? this.#sums : undefined;
    const digests = sums?.map(({ sum }) => toHex(sum)) ?? (yield* scanDigests(this.#files));
    const stamps = yield* this.#files.stamps();
    let bytes = 0;
    for (const size of point.sizes) bytes += size;
    const protectedAt = this.#files.state.protectedTime;
    const record: PointRecord = { ...point, protectedAt, bytes, digests };
    // Crash before: the seed is in progress, its disks durable. After: the point is listed.
    yield* this.#files.commit((state) => ({
      ...state,
      seed: undefined,
      points: [record],
      applied: 1,
      stamps,
    }));
    this.#sums = undefined;
  }
}

function touched({ written }: SeedDigest, extent: StagedExtent, files: ReplicaFiles): boolean {
  const { blockSize } = files.context;
  return written.any(extent.at / blockSize, (extent.at + extent.length) / blockSize);
}

function noSeed(): Error {
  return requestFailure(
    "wrong-state",
    "No initial replication is in progress",
    'Start it at the primary: "warmsite replication start"',
  );
}
