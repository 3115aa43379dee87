/**
 * Where the person is who typed the command.
 *
 * @module
 */

import * as path from "node:path";

/**
 * The folder that relative paths mean. A task runs in the checkout and is told the caller's folder in
 * `INIT_CWD`; a built program believes its own, for a variable may be left over from any script.
 */
export function callerFolder(): string {
  const fromSource = import.meta.url.endsWith(".ts") && !Deno.build.standalone;
  const told = fromSource ? Deno.env.get("INIT_CWD") : undefined;
  return told === undefined || told === "" ? Deno.cwd() : told;
}

/** `where` as an absolute path. */
export function callerPath(where: string): string {
  return path.resolve(callerFolder(), where);
}
