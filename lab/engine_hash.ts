/**
 * What the engine that plays a drill is: one hash over every source that decides what a run does.
 *
 * Rule: two checkouts with the same hash play every scenario alike; text that decides nothing (tests, pages, documents) does not
 * count. For Deno and the builder of the page, which is told the hash.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folders whose modules take part in a run. */
const DECIDES = ["engine/core", "engine/sim", "wasm", "lab/scenario", "lab/run"] as const;

let known: string | undefined;

/** 16 hex digits; the same for as long as this process lives. */
export function engineHash(): string {
  known ??= hashSources();
  return known;
}

function hashSources(): string {
  const hash = createHash("sha256");
  const files = DECIDES.flatMap((folder) =>
    globSync(`${folder}/**/*.ts`, { cwd: ROOT, exclude: ["wasm/target/**"] })
  );
  for (const file of files.sort()) {
    const text = readFileSync(ROOT + file);
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest("hex").slice(0, 16);
}
