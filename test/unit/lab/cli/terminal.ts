/**
 * A terminal that remembers what was written to it.
 *
 * @module
 */

import type { Terminal } from "../../../../lab/cli/terminal.ts";

/** What a command wrote. */
export class RememberingTerminal implements Terminal {
  written = { out: "", err: "" };
  readonly watched: boolean;

  constructor(watched = false) {
    this.watched = watched;
  }

  out(text: string): void {
    this.written.out += text;
  }

  err(text: string): void {
    this.written.err += text;
  }
}
