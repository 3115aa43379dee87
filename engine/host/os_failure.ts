/**
 * What the operating system says went wrong, as failures that say what to do.
 *
 * @module
 */

import { Failed, type FailureCode, localFailure } from "../core/base/failure.ts";

/** A code, the cause in words, and what to do. */
type Meaning = readonly [code: FailureCode, words: string, action: string];

const LOOK_AT_KERNEL_LOG =
  "Look at the kernel's log (dmesg) and the device; replace it if it fails again";

const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["ENOSPC", ["no-space", "no space left", "Free space on the file system, then try again"]],
  ["EDQUOT", ["no-space", "the quota is used up", "Raise the quota or free space"]],
  ["EFBIG", [
    "no-space",
    "the file would be too large",
    "Use a file system that holds larger files",
  ]],
  ["EIO", ["io-error", "the device reported an error", LOOK_AT_KERNEL_LOG]],
  ["ENODEV", ["io-error", "the device is gone", "Attach the device again"]],
  ["ENXIO", ["io-error", "the device is gone", "Attach the device again"]],
  ["ESTALE", ["io-error", "the file is gone from its server", "Mount the file system again"]],
  ["EROFS", ["read-only", "the file system is read-only", "Mount it for writing"]],
  ["EACCES", ["read-only", "permission denied", "Give this user the right to read and write it"]],
  ["EPERM", ["read-only", "not permitted", "Give this user the right to read and write it"]],
  ["ENOENT", ["not-found", "it does not exist", "Check the path"]],
  ["ENOTDIR", ["not-found", "part of the path is no folder", "Check the path"]],
  ["EEXIST", ["exists", "it exists", "Use another name, or remove it"]],
  ["ENOTEMPTY", ["exists", "the folder is not empty", "Use another name, or remove it"]],
  ["EBUSY", ["locked", "it is in use", "Unmount it, or stop the program that uses it"]],
  ["ETXTBSY", ["locked", "it is in use", "Stop the program that uses it"]],
  ["EISDIR", ["bad-argument", "it is a folder", "Name a file"]],
  ["ELOOP", ["bad-argument", "too many symbolic links", "Name the file itself"]],
  ["ENAMETOOLONG", ["bad-name", "the name is too long", "Use a shorter name"]],
  ["EINVAL", ["bad-argument", "the file does not take this", "Use a file system that does"]],
  ["EMFILE", ["busy", "too many open files", "Raise the limit of open files (LimitNOFILE)"]],
  ["ENFILE", ["busy", "too many open files", "Raise the system's limit of open files"]],
  ["ENOMEM", ["busy", "out of memory", "Give the host more memory"]],
]);

/** Error numbers of Linux that system calls give by number, by the names of the table above. */
const NUMBERS: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [5, "EIO"],
  [13, "EACCES"],
  [16, "EBUSY"],
  [22, "EINVAL"],
  [27, "EFBIG"],
  [28, "ENOSPC"],
  [30, "EROFS"],
  [95, "EOPNOTSUPP"],
  [122, "EDQUOT"],
]);

/** The symbolic name of an error of the system, e.g. `ENOENT`; "" for errors of programs. */
export function errorName(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  // The runtime names wrong arguments ERR_SOMETHING: bugs of ours, not of the world.
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : "";
}

/** The symbolic name of an error number; "" for 0, no error. */
export function numberName(number: number): string {
  if (number === 0) return "";
  return NUMBERS.get(number) ?? `error ${number}`;
}

/**
 * `error` as a failure, saying what could not be done, e.g. `write "/data/a" at 4096`. Failures
 * pass through unchanged, and so do errors of this program, which nobody may take for the world's.
 */
export function osFailure(error: unknown, doing: string): Error {
  if (error instanceof Failed) return error;
  const name = errorName(error);
  if (name !== "") return namedFailure(name, doing);
  return error instanceof Error ? error : new Error(String(error));
}

/** The failure for the symbolic name of an error. */
export function namedFailure(name: string, doing: string): Failed {
  const meaning = MEANINGS.get(name);
  if (meaning === undefined) {
    return localFailure("io-error", `Cannot ${doing}: ${name}`, LOOK_AT_KERNEL_LOG);
  }
  const [code, words, action] = meaning;
  return localFailure(code, `Cannot ${doing}: ${words} (${name})`, action);
}
