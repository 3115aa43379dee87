/**
 * The terminal that a process has: its standard output and standard error.
 *
 * @module
 */

import type { Terminal } from "./terminal.ts";

/** Writes all of `text` at once; a reader that went away, as `head` does, is no trouble. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** This process's own. */
export const standardStreams: Terminal = {
  out: (text) => writeAll(Deno.stdout, text),
  err: (text) => writeAll(Deno.stderr, text),
  watched: Deno.stderr.isTerminal(),
};
