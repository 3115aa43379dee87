/**
 * Small files that are replaced whole or not at all: keys, certificates, settings.
 *
 * @module
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { osFailure } from "./os_failure.ts";

/**
 * Makes `text` the durable content of the file at `where`, readable by `mode`. A crash before the
 * rename leaves the old content and a file that ends in `.tmp`, which the next call replaces; a
 * crash after it leaves the new content, or after a loss of power either, never a mixture.
 */
export function writeDurably(where: string, text: string, mode: number): void {
  const unfinished = `${where}.tmp`;
  try {
    fs.rmSync(unfinished, { force: true });
    const descriptor = fs.openSync(unfinished, "wx", mode);
    try {
      fs.writeFileSync(descriptor, text);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(unfinished, where);
    flushFolder(path.dirname(where));
  } catch (error) {
    throw osFailure(error, `write "${where}"`);
  }
}

/** Makes the folder at `where`, for this user alone, and its name durable. */
export function makeFolderDurably(where: string): void {
  const whole = path.resolve(where);
  try {
    if (fs.existsSync(whole)) return;
    const parent = path.dirname(whole);
    makeFolderDurably(parent);
    fs.mkdirSync(whole, { mode: 0o700 });
    flushFolder(parent);
  } catch (error) {
    throw osFailure(error, `make the folder "${whole}"`);
  }
}

function flushFolder(folder: string): void {
  const descriptor = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
