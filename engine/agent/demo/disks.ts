/**
 * The disks of the demo's machine: made, or a copy of the image that was named.
 *
 * @module
 */

import * as fs from "node:fs";
import { requestFailure } from "../../core/base/failure.ts";
import type { Extent } from "../../core/block/extent.ts";
import { osFailure } from "../../host/os_failure.ts";
import { copyImage, makeExt4, makePlain, missingForExt4 } from "./image.ts";
import type { Stage } from "./stage.ts";
import { STAMP_SIZE } from "./stamp.ts";

/** The disks of the machine. */
export interface DemoDisks {
  /** Files of the primary's disks, by index. */
  readonly files: readonly string[];
  /** Files that hold them as they were before the first write. */
  readonly pristine: readonly string[];
  /** The one that the guest writes to. */
  readonly written: number;
  /** Where on it, in whole blocks. */
  readonly places: readonly Extent[];
  /** Why the first disk's file system is not checked; `undefined` when it is. */
  readonly unchecked: string | undefined;
}

/** Makes the disks in the stage's folder. The image is read, never written. */
export async function prepareDisks(stage: Stage, image: string | undefined): Promise<DemoDisks> {
  const { folder } = stage;
  if (image !== undefined) return await disksOf(stage, image);
  const pristine = `${folder}/pristine.raw`;
  const file = `${folder}/primary-disk.raw`;
  const unchecked = missingForExt4();
  const made = unchecked === undefined ? await makeExt4(pristine, folder) : makePlain(pristine);
  await copyImage(pristine, file);
  stage.tell(`Made ${made.what}`);
  if (unchecked !== undefined) stage.tell(`No file system, and no check of one: ${unchecked}`);
  return { files: [file], pristine: [pristine], written: 0, places: made.places, unchecked };
}

/** A copy of the image as first disk, and a second one that the guest writes to. */
async function disksOf(stage: Stage, image: string): Promise<DemoDisks> {
  const { folder } = stage;
  checkImage(image);
  const files = [`${folder}/primary-disk-0.raw`, `${folder}/primary-disk-1.raw`];
  const data = makePlain(`${folder}/pristine-1.raw`);
  await copyImage(image, `${folder}/primary-disk-0.raw`);
  await copyImage(data.pristine, `${folder}/primary-disk-1.raw`);
  stage.tell(`Copied ${image}; the guest writes to a second disk, ${data.what}`);
  return {
    files,
    pristine: [image, data.pristine],
    written: 1,
    places: data.places,
    unchecked: isExt4(image) ? undefined : "the image is not an ext4 file system by itself",
  };
}

function checkImage(image: string): void {
  try {
    const { size } = fs.statSync(image);
    if (size > 0 && size % STAMP_SIZE === 0) return;
    throw requestFailure(
      "bad-argument",
      `"${image}" has ${size} bytes, which is no multiple of ${STAMP_SIZE}`,
      "Grow a copy of it to a multiple (truncate -s %4096) and name that",
    );
  } catch (error) {
    throw osFailure(error, `read "${image}"`);
  }
}

/** The magic number of ext2 to ext4 in its superblock. */
function isExt4(image: string): boolean {
  const descriptor = fs.openSync(image, "r");
  try {
    const magic = new Uint8Array(2);
    fs.readSync(descriptor, magic, 0, 2, 1024 + 56);
    return magic[0] === 0x53 && magic[1] === 0xef;
  } finally {
    fs.closeSync(descriptor);
  }
}
