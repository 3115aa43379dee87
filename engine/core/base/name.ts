/**
 * Names of machines and servers: what a person may choose and a folder may be called.
 *
 * @module
 */

import { requestFailure } from "./failure.ts";

/** Characters in a name, at most. */
export const NAME_LENGTH_MAX = 64;

/** True for letters, digits, `-`, `.`, `_`, up to 64, not starting with a dot. */
export function isName(text: unknown): boolean {
  return typeof text === "string" && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(text);
}

/** `text` if it is a name; otherwise a failure `bad-name` that says what a name is. */
export function checkName(text: string, what: string): string {
  if (isName(text)) return text;
  throw requestFailure(
    "bad-name",
    `Not a name for a ${what}: ${JSON.stringify(text.slice(0, 80))}`,
    `Use letters, digits, "-", "." and "_", at most ${NAME_LENGTH_MAX}, not starting with "."`,
  );
}
