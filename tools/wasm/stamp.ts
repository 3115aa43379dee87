/**
 * The stamp that ties the built package to the sources it was built from.
 *
 * Rule: everything that decides the built bytes and lies in the repository is a source: the crate,
 * its lock file and the build script. It does not know how to build.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What `wasm/pkg/stamp.json` holds. */
export interface Stamp {
  /** SHA-256 over the sources; see `sourcesDigest`. */
  readonly sources: string;
  /** SHA-256 of the WebAssembly module inside `kernel_bytes.ts`. */
  readonly wasm: string;
  /** Its size. */
  readonly bytes: number;
  /** The versions of the tools that built it; for people, not checked. */
  readonly tools: readonly string[];
}

/** SHA-256 of `bytes`, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The files that decide the built package, relative to the repository's root, in order. */
export function sourceFiles(root: string): string[] {
  const crate = readdirSync(join(root, "wasm/src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return ["tools/wasm/build.ts", "wasm/Cargo.lock", "wasm/Cargo.toml", ...crate].sort();
}

/** SHA-256 over name, length and content of every source file. */
export function sourcesDigest(root: string): string {
  const hash = createHash("sha256");
  for (const name of sourceFiles(root)) {
    const content = readFileSync(join(root, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
