/**
 * Foreign programs that the demo uses where they are: e2fsprogs, cp.
 *
 * @module
 */

import * as fs from "node:fs";
import * as path from "node:path";

/** The administrator's folders are not on every user's PATH; mke2fs lives there. */
const MORE_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The program's file; `undefined` where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...MORE_FOLDERS];
  return folders.filter((folder) => folder !== "").map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        fs.accessSync(file, fs.constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What a program did. */
export interface ProgramResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program to its end. */
export async function runForeign(file: string, args: readonly string[]): Promise<ProgramResult> {
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args: [...args],
    env: { LC_ALL: "C" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}
