/**
 * Image formats that are not raw: protecting the file of one as if it were the disk inside would replicate
 * a container that the guest does not see as its disk.
 *
 * Sources: the magic numbers of QEMU's qcow2 and VDI documents, VMware's VMDK and Microsoft's VHDX formats.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { Disk } from "../ports/disk.ts";
import type { Task } from "../runtime/task.ts";

/** First bytes of a file, as Latin-1, and what it is then. */
const MAGICS: readonly (readonly [string, string])[] = [
  ["QFI\xfb", "qcow2"],
  ["KDMV", "vmdk"],
  ["vhdxfile", "vhdx"],
  ["conectix", "vpc"],
  ["<<< ", "vdi"],
];

/** Refuses a disk whose first bytes are those of an image format other than raw. */
export function* refuseContainer(disk: Disk, path: string): Task<void> {
  const head = String.fromCharCode(...yield* disk.read(0, Math.min(16, disk.size)));
  const format = MAGICS.find(([magic]) => head.startsWith(magic))?.[1];
  if (format === undefined) return;
  throw requestFailure(
    "bad-argument",
    `Cannot protect "${path}": it is a ${format} image, not a raw one`,
    `Make a raw image of it: "qemu-img convert -f ${format} -O raw FILE RAWFILE"`,
  );
}
