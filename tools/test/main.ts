/**
 * `npm test`: brings in the foreign programs, runs the checks and every test, prints the count.
 *
 * Exits with 0 only if nothing failed and something passed; with 2 after a wrong flag.
 *
 * @module
 */

import { CHECKS } from "../check/checks.ts";
import { findGroups, type Group } from "./groups.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { missingPackages, providePackages, runApt } from "./packages.ts";
import { CHECK_GROUP, Run, runChecks, runGroup } from "./run_groups.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

function readOptions(groups: readonly Group[]): Options {
  try {
    const options = parseOptions(Deno.args);
    const known = [CHECK_GROUP, ...groups.map((group) => group.name)];
    const unknown = options.only.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw new TypeError(`Unknown group '${unknown}'. There are: ${known.join(", ")}`);
    }
    return options;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

async function runAll(groups: readonly Group[], options: Options): Promise<Run> {
  const isWanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const run = new Run();
  // A filter by name means tests; the checks have none.
  if (isWanted(CHECK_GROUP) && options.filter === undefined) {
    await run.add(CHECK_GROUP, () => runChecks(ROOT, CHECKS));
  }
  for (const group of groups.filter((one) => isWanted(one.name))) {
    await run.add(group.name, () => runGroup(ROOT, group, options.filter));
  }
  return run;
}

async function main(): Promise<number> {
  const groups = findGroups(ROOT);
  const options = readOptions(groups);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const skipsFail = Deno.env.get("CI") === "true";
  await providePackages({
    missing: await missingPackages(`${ROOT}/tools/packages.txt`),
    mayInstall: options.install,
    uid: Deno.uid(),
    run: runApt,
    say: console.log,
  });
  return (await runAll(groups, options)).conclude(skipsFail);
}

Deno.exit(await main());
