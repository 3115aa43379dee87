/**
 * Where a linted file stands in the repository. Lint rules see absolute paths; ours speak of folders.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;

/** The path of `filename` from the root of the repository; itself, if it is none of ours. */
export function repositoryPath(filename: string): string {
  return filename.startsWith(ROOT) ? filename.slice(ROOT.length) : filename;
}

/** Whether `path` is a file below one of `folders`. */
export function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path.startsWith(`${folder}/`));
}
