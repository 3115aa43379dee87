/**
 * The text files of the repository, as the tidy rules read them.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

/** One file. Rules take these as input, so that each can be tried on a bad sample. */
export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Where nothing is ours: built, installed, fetched. */
const FOREIGN_FOLDERS = /(?:^|\/)(?:\.git|\.cache|node_modules|dist|wasm\/target|wasm\/pkg)$/;
const TEXT =
  /(?:\.(?:ts|js|json|lock|md|toml|rs|ya?ml|html|css|svg|sh|txt|npmrc)|\/run|\.gitignore)$/;

/** Every text file below `root` that is ours, in the order of paths. */
export function readSources(root: string, folder = ""): Source[] {
  const entries = readdirSync(`${root}/${folder}`, { withFileTypes: true })
    .sort((left, right) => left.name < right.name ? -1 : 1);
  return entries.flatMap((entry): Source[] => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN_FOLDERS.test(path) ? [] : readSources(root, path);
    if (!entry.isFile() || !TEXT.test(`/${path}`)) return [];
    return [{ path, text: readFileSync(`${root}/${path}`, "utf8") }];
  });
}
