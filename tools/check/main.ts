/**
 * `deno task check`: format, lint and types, then the tests of the source in `test/tidy/`.
 *
 * @module
 */

import { findGroups } from "../test/groups.ts";
import { summary } from "../test/report.ts";
import { countResults, isGood, type TestResult } from "../test/result.ts";
import { runChecks, runGroup } from "../test/run_groups.ts";
import { CHECKS } from "./checks.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

async function main(): Promise<number> {
  const results: TestResult[] = await runChecks(ROOT, CHECKS);
  const tidy = findGroups(ROOT).filter((group) => group.name === "tidy");
  for (const group of tidy) results.push(...await runGroup(ROOT, group, undefined));
  console.log(summary(results, false));
  return isGood(countResults(results), false) ? 0 : 1;
}

Deno.exit(await main());
