/**
 * How this program starts itself again: from source, from a bundle, or as one file.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** A program and the arguments before its own. */
export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The command line that runs this very program. */
export function selfCommand(): SelfCommand {
  const program = Deno.execPath();
  // Made by `deno compile`, the program is the runtime itself and takes our arguments at once.
  if (Deno.build.standalone) return { program, args: [] };
  const fromSource = import.meta.url.endsWith(".ts");
  const main = fromSource ? new URL("../main.ts", import.meta.url).href : Deno.mainModule;
  if (fromSource) return { program, args: ["run", "--quiet", "-A", fileURLToPath(main)] };
  const alone = ["--no-config", "--no-remote", "--no-npm", "--cached-only"];
  return { program, args: ["run", "--quiet", ...alone, "-A", fileURLToPath(main)] };
}
