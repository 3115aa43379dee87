/**
 * `deno task check`: format, lint and types, then the tests of the source in `test/tidy/`.
 *
 * @module
 */

import { findGroups } from "../test/groups.ts";
import { CHECK_GROUP, Run, runChecks, runGroup } from "../test/run_groups.ts";
import { CHECKS } from "./checks.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

async function main(): Promise<number> {
  const run = new Run();
  await run.add(CHECK_GROUP, () => runChecks(ROOT, CHECKS));
  for (const group of findGroups(ROOT).filter((one) => one.name === "tidy")) {
    await run.add(group.name, () => runGroup(ROOT, group, undefined));
  }
  return run.conclude(false);
}

Deno.exit(await main());
