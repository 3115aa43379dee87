/**
 * What became of one test. The runner's parts hand these to each other and to the report; nothing
 * else is counted.
 *
 * @module
 */

/** How a test ended. There is no fourth way: what cannot be told is `failed`. */
export type Outcome = "passed" | "failed" | "skipped";

/** One test, as it is counted. */
export interface TestResult {
  /** The group it belongs to: `check`, or a folder of `test/`. */
  readonly group: string;
  /** The file that declares it, from the root of the repository; a check has its name here. */
  readonly file: string;
  /** The name without the reason of a skip. */
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** Why it failed or was skipped; empty for a passed test. */
  readonly detail: string;
}

/** The three numbers of the last line. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts `results` by outcome. */
export function countResults(results: readonly TestResult[]): Count {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const result of results) count[result.outcome]++;
  return count;
}

/**
 * Whether the run as a whole is good: nothing failed, something passed, and, where a machine is
 * known to have everything (`CI=true`), nothing was skipped.
 */
export function isGood(count: Count, skipsFail: boolean): boolean {
  if (count.failed > 0) return false;
  if (count.passed === 0) return false;
  return !skipsFail || count.skipped === 0;
}
