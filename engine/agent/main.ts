/**
 * The entry of the program `warmsite`.
 *
 * @module
 */

import { COMMANDS } from "./commands/all.ts";
import { runProgram } from "./program.ts";

Deno.exit(
  await runProgram(Deno.args, COMMANDS, {
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
  }),
);

/** Writes all of `text` at once; a reader that went away, as `head` does, is no trouble. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
