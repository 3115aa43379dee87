/**
 * Which test files there are, and how each group of them is run.
 *
 * Rule: every folder of `test/` that holds a `*_test.ts` is a group, whether this file names it or
 * not, so that a test cannot be forgotten by not being listed.
 *
 * @module
 */

import { globSync } from "node:fs";

/** How the files of one group are run. */
export interface Group {
  readonly name: string;
  /** Test files from the root of the repository, sorted. */
  readonly files: readonly string[];
  /** Files that run at a time, each in a process of its own. */
  readonly jobs: number;
  /** A file that takes longer is stopped and counted as failed. */
  readonly fileSecondsMax: number;
  /** Whether the output of the files is shown while they run: for the ones that take minutes. */
  readonly echo: boolean;
}

type GroupSettings = Omit<Group, "name" | "files">;

const QUICK: GroupSettings = { jobs: 2, fileSecondsMax: 300, echo: false };
// Real processes, sockets and disks: they measure time and memory, so they have the machine alone.
const REAL: GroupSettings = { jobs: 1, fileSecondsMax: 600, echo: false };
const LONG: GroupSettings = { jobs: 1, fileSecondsMax: 1200, echo: true };

/** In the order in which groups run: what fails fastest first. Others follow, as `REAL`. */
const SETTINGS: ReadonlyMap<string, GroupSettings> = new Map([
  ["tidy", QUICK],
  ["unit", QUICK],
  ["conformance", QUICK],
  ["properties", QUICK],
  ["model", QUICK],
  ["scenarios", QUICK],
  ["sweep", QUICK],
  ["host", REAL],
  ["agent", REAL],
  ["interop", REAL],
  ["web", REAL],
  ["prove", LONG],
  ["planted", LONG],
  ["torture", LONG],
]);

/** The group of a test file: the first folder below `test/`, or `test` for a file in it. */
export function groupOf(file: string): string {
  const parts = file.split("/");
  return parts.length > 2 ? parts[1]! : "test";
}

/** Sorts `files` into groups, in the order in which they run. */
export function groupFiles(files: readonly string[]): Group[] {
  const byName = new Map<string, string[]>();
  for (const file of files) {
    const name = groupOf(file);
    byName.set(name, [...byName.get(name) ?? [], file]);
  }
  const known = [...SETTINGS.keys()].filter((name) => byName.has(name));
  const others = [...byName.keys()].filter((name) => !SETTINGS.has(name)).sort();
  return [...known, ...others].map((name) => ({
    name,
    files: byName.get(name)!.sort(),
    ...SETTINGS.get(name) ?? REAL,
  }));
}

/** All groups of the repository at `root`. */
export function findGroups(root: string): Group[] {
  return groupFiles(globSync("test/**/*_test.ts", { cwd: root }));
}
