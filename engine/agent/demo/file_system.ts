/**
 * Whether a failed-over file system is whole, as e2fsck sees it.
 *
 * @module
 */

import { findProgram, runForeign } from "./foreign.ts";
import { copyImage } from "./image.ts";

/** What e2fsck found. */
export interface FileSystemCheck {
  /** Whether it was looked at. */
  readonly checked: boolean;
  /** Why not; "" when it was. */
  readonly reason: string;
  /** Exit code of `e2fsck -p`: 0 whole, 1 mended as after any loss of power. */
  readonly repair: number | null;
  /** Exit code of `e2fsck -fn` after it: 0 whole. */
  readonly check: number | null;
  readonly ok: boolean;
}

/** A check that was left out. */
export function uncheckedFileSystem(reason: string): FileSystemCheck {
  return { checked: false, reason, repair: null, check: null, ok: true };
}

/** Checks a copy of `image` in the file `copy`. */
export async function checkFileSystem(image: string, copy: string): Promise<FileSystemCheck> {
  const e2fsck = findProgram("e2fsck");
  if (e2fsck === undefined) return uncheckedFileSystem("e2fsck not found (package e2fsprogs)");
  await copyImage(image, copy);
  const repair = (await runForeign(e2fsck, ["-p", copy])).code;
  const check = (await runForeign(e2fsck, ["-fn", copy])).code;
  const ok = (repair === 0 || repair === 1) && check === 0;
  return { checked: true, reason: "", repair, check, ok };
}
