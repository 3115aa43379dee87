/**
 * `deno task web`: builds the page into `dist/web`, and prints how large it is.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { buildPage, COMPRESSED_MAX } from "./build.ts";

const FOLDER = fileURLToPath(new URL("../../dist/web", import.meta.url));
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(12);

const files = await buildPage(Deno.args[0] ?? FOLDER);
for (const { name, bytes, compressed } of files) {
  console.log(`${kib(bytes)}${kib(compressed)}  ${name}`);
}
const sum = files.reduce((total, { compressed }) => total + compressed, 0);
console.log(`${"".padStart(12)}${kib(sum)}  compressed, of at most ${kib(COMPRESSED_MAX).trim()}`);
if (sum > COMPRESSED_MAX) {
  console.error("The page is larger than it may be");
  Deno.exit(1);
}
