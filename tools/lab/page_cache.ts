/**
 * The built page, kept under the digest of everything that it is built from: built once for each state of the sources.
 *
 * Rule: a folder of that name is whole. It is built beside and renamed, so that neither a build that is cut short nor another
 * lab that builds at the same time leaves half a page.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";

/** What a page is built from, from the root of the repository. */
const SOURCES = [
  "web",
  "lab",
  "engine/core",
  "engine/sim",
  "wasm",
  "scenarios",
  "tools/web",
  "deno.json",
  "deno.lock",
];
/** Where nothing is that a page is built from. */
const NOT_SOURCES = /^(?:wasm\/target|lab\/cli|lab\/server)$/;
/** Pages of earlier sources that are kept: labs that run may still serve them. */
const EARLIER_KEPT = 2;

/** Builds a page into a folder. */
export type BuildPage = (out: string) => Promise<unknown>;

/** The folder of the page for the sources below `root` as they are; built into `cache` where it is not there yet. */
export async function upToDatePage(
  root: string,
  cache: string,
  build: BuildPage,
  say: (text: string) => void,
): Promise<string> {
  const name = `page-${digestOf(root)}`;
  const folder = `${cache}/${name}`;
  if (existsSync(folder)) return folder;
  say("Building the page");
  const started = performance.now();
  const unfinished = `${cache}/unfinished-${name}-${Deno.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await build(unfinished);
    putInPlace(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  forgetEarlier(cache, name);
  say(`Built the page in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return folder;
}

/** Renames, unless another lab was faster. */
function putInPlace(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function forgetEarlier(cache: string, current: string): void {
  const earlier = readdirSync(cache).filter((name) => name.startsWith("page-") && name !== current)
    .map((name) => ({ name, made: statSync(`${cache}/${name}`).mtimeMs }))
    .sort((left, right) => right.made - left.made);
  for (const { name } of earlier.slice(EARLIER_KEPT)) {
    rmSync(`${cache}/${name}`, { recursive: true, force: true });
  }
}

/** One name for the contents of all sources. */
function digestOf(root: string): string {
  const hash = createHash("sha256");
  for (const path of SOURCES.flatMap((source) => filesBelow(root, source))) {
    const bytes = readFileSync(`${root}/${path}`);
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

function filesBelow(root: string, path: string): string[] {
  if (!existsSync(`${root}/${path}`) || NOT_SOURCES.test(path)) return [];
  if (statSync(`${root}/${path}`).isFile()) return [path];
  return readdirSync(`${root}/${path}`).sort().flatMap((name) =>
    filesBelow(root, `${path}/${name}`)
  );
}
