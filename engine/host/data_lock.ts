/**
 * One server per data folder: an exclusive lock on `DIR/lock`, gone with the process that holds it.
 *
 * @module
 */

import * as fs from "node:fs";
import { isFailed, localFailure } from "../core/base/failure.ts";
import { lockFile } from "./file_lock.ts";
import { osFailure } from "./os_failure.ts";

/** The lock while it is held. */
export interface DataLock {
  /** Gives it back. */
  release(): void;
}

/**
 * Takes the lock of the data folder `data`; fails with `locked`, naming the process that has it.
 */
export function lockData(data: string): DataLock {
  const path = `${data}/lock`;
  let descriptor = -1;
  try {
    descriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    const unlock = lockFile(descriptor, path);
    // For people alone: the lock itself proves who holds it, so this need not be durable.
    fs.ftruncateSync(descriptor, 0);
    fs.writeSync(descriptor, `${Deno.pid}\n`, 0);
    const held = descriptor;
    return {
      release() {
        fs.closeSync(held);
        unlock();
      },
    };
  } catch (error) {
    if (descriptor >= 0) fs.closeSync(descriptor);
    if (isFailed(error, "locked")) throw heldBy(data, path);
    throw osFailure(error, `lock "${path}"`);
  }
}

function heldBy(data: string, path: string): Error {
  let pid = "";
  try {
    pid = fs.readFileSync(path, "utf8").trim();
  } catch {
    // It is told without.
  }
  const who = /^\d+$/.test(pid) ? `process ${pid}` : "another process";
  return localFailure(
    "locked",
    `A server runs on "${data}": ${who}`,
    "Stop that one first, or name another data folder",
  );
}
