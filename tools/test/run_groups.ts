/**
 * Runs the checks and the groups of tests, one after the other, and prints progress.
 *
 * @module
 */

import { type Check, runCheck } from "../check/checks.ts";
import type { Group } from "./groups.ts";
import { fileLine, indent, summary } from "./report.ts";
import { countResults, isGood, type TestResult } from "./result.ts";
import { runFile } from "./run_file.ts";

/** The group of `format`, `lint` and `types`, each counted as one test. */
export const CHECK_GROUP = "check";

/** Results and times of the groups that have run. */
export class Run {
  readonly #results: TestResult[] = [];
  readonly #seconds = new Map<string, number>();

  /** Runs the group `name` by calling `work`, and keeps what came out and how long it took. */
  async add(name: string, work: () => Promise<TestResult[]>): Promise<void> {
    const started = performance.now();
    this.#results.push(...await work());
    this.#seconds.set(name, (performance.now() - started) / 1000);
  }

  /** Prints the summary and gives the exit code. */
  conclude(skipsFail: boolean): number {
    console.log(summary(this.#results, this.#seconds, skipsFail));
    return isGood(countResults(this.#results), skipsFail) ? 0 : 1;
  }
}

/** Runs every check; a failed one prints what it found. */
export async function runChecks(root: string, checks: readonly Check[]): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const check of checks) {
    const { success, output, seconds } = await runCheck(root, check);
    const result: TestResult = {
      group: CHECK_GROUP,
      file: check.name,
      name: check.claim,
      outcome: success ? "passed" : "failed",
      seconds,
      detail: success ? "" : output.trim(),
    };
    console.log(fileLine(`${CHECK_GROUP} ${check.name}`, [result], seconds));
    if (!success) console.log(indent(output));
    results.push(result);
  }
  return results;
}

/** Runs the files of one group, `group.jobs` at a time. Results keep the order of the files. */
export async function runGroup(
  root: string,
  group: Group,
  filter: string | undefined,
): Promise<TestResult[]> {
  const byFile = new Map<string, readonly TestResult[]>();
  const waiting = [...group.files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      byFile.set(file, await runOne(root, group, file, filter));
    }
  };
  await Promise.all(Array.from({ length: group.jobs }, work));
  return group.files.flatMap((file) => [...byFile.get(file)!]);
}

async function runOne(
  root: string,
  group: Group,
  file: string,
  filter: string | undefined,
): Promise<readonly TestResult[]> {
  const { results, output, seconds } = await runFile({
    root,
    group: group.name,
    file,
    filter,
    secondsMax: group.fileSecondsMax,
    onLine: (line) => {
      if (group.echo) console.log(indent(line));
    },
  });
  if (results.length > 0) console.log(fileLine(file, results, seconds));
  const failed = results.some((result) => result.outcome === "failed");
  if (failed && !group.echo) console.log(indent(output));
  return results;
}
