/**
 * Makes the program as people install it (`deno task compile [--out DIR]`), and says which form it got.
 *
 * One file by `deno compile`, where the runtime part that it needs can be downloaded; else a bundle of
 * the program beside a copy of this Deno. Either way `DIR/warmsite` is what to run, and it needs no
 * network, no cache and no home.
 *
 * @module
 */

import * as path from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.ts";

const root = path.resolve(import.meta.dirname ?? ".", "../..");
const { values } = parseArgs({ options: { out: { type: "string" } } });
const caller = Deno.env.get("INIT_CWD") ?? Deno.cwd();
const out = values.out === undefined ? `${root}/dist` : path.resolve(caller, values.out);

const built = await build(root, out);
if (built.form === "binary") {
  console.log(`Made one file by deno compile: ${built.program}`);
} else {
  console.log(`deno compile was not possible here: ${built.reason}`);
  console.log(
    `Made a bundle beside this Deno in its place: run ${built.program}, keep ${out} whole`,
  );
}
