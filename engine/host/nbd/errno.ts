/**
 * Failures as NBD's error numbers.
 *
 * @module
 */

import { type FailureCode, isFailed } from "../../core/base/failure.ts";
import { ERRNO } from "./protocol.ts";

const BY_CODE: ReadonlyMap<FailureCode, number> = new Map([
  ["no-space", ERRNO.ENOSPC],
  ["read-only", ERRNO.EPERM],
  ["out-of-range", ERRNO.EINVAL],
  ["bad-argument", ERRNO.EINVAL],
  ["cancelled", ERRNO.ESHUTDOWN],
  ["wrong-state", ERRNO.ESHUTDOWN],
]);

/** What a client is told about `error`; `EIO` for all that NBD has no word for. */
export function errnoOf(error: unknown): number {
  return isFailed(error) ? BY_CODE.get(error.code) ?? ERRNO.EIO : ERRNO.EIO;
}
