/**
 * Runs one test file in a process of its own and says what became of its tests.
 *
 * Rule: silence is failure. A file that does not load, a process that crashes or hangs, a report
 * that is missing or does not explain the exit code: each becomes a failed test with the output.
 *
 * @module
 */

import { splitSkipReason } from "../../test/needs.ts";
import { parseJunit } from "./junit.ts";
import type { TestResult } from "./result.ts";

/** What to run, and how. */
export interface FileRun {
  readonly root: string;
  readonly group: string;
  readonly file: string;
  readonly filter: string | undefined;
  readonly secondsMax: number;
  /** Called with each line of output as it comes. */
  readonly onLine: (line: string) => void;
}

/** A finished file. */
export interface FileOutcome {
  readonly results: readonly TestResult[];
  /** Everything that the process printed, in order. */
  readonly output: string;
  readonly seconds: number;
}

/** What is known of a process that has ended. */
export interface Ending {
  readonly code: number;
  readonly timedOut: boolean;
  /** The JUnit report, if there is one. */
  readonly report: string | undefined;
  readonly output: string;
  readonly seconds: number;
}

/** Turns the end of a test process into results. Pure, so that every way to fail can be tested. */
export function judge(
  run: Pick<FileRun, "group" | "file" | "filter" | "secondsMax">,
  ending: Ending,
): TestResult[] {
  const results: TestResult[] = parseJunit(ending.report ?? "")
    // Deno reports what a filter left out as ignored. Nobody asked for those: they do not count.
    .filter((test) => run.filter === undefined || matches(run.filter, test.name))
    .map((test) => {
      const { name, reason } = splitSkipReason(test.name);
      const detail = test.outcome === "skipped" ? reason : test.detail;
      return { ...test, name, detail, group: run.group, file: run.file };
    });
  const problem = findProblem(run, ending, results);
  if (problem !== undefined) {
    results.push({
      group: run.group,
      file: run.file,
      name: problem,
      outcome: "failed",
      seconds: ending.seconds,
      detail: ending.output.trim(),
    });
  }
  return results;
}

/** Whether Deno runs a test of this name under this filter: a part of it, or `/pattern/`. */
function matches(filter: string, name: string): boolean {
  const pattern = /^\/(.*)\/$/s.exec(filter)?.[1];
  return pattern === undefined ? name.includes(filter) : new RegExp(pattern).test(name);
}

function findProblem(
  run: Pick<FileRun, "filter" | "secondsMax">,
  ending: Ending,
  results: readonly TestResult[],
): string | undefined {
  if (ending.timedOut) return `The file ran longer than ${run.secondsMax} s and was stopped`;
  const explained = results.some((result) => result.outcome === "failed");
  if (ending.code !== 0 && !explained) return `The file ended with exit code ${ending.code}`;
  if (ending.report === undefined) return "The file left no report";
  if (results.length === 0 && run.filter === undefined) return "The file has no test";
  return undefined;
}

/** Runs `deno test` on the file. Does not throw on any behaviour of the file. */
export async function runFile(run: FileRun): Promise<FileOutcome> {
  const reportFile = `${run.root}/.cache/test/${run.file.replaceAll("/", "_")}.xml`;
  Deno.mkdirSync(`${run.root}/.cache/test`, { recursive: true });
  removeIfThere(reportFile);
  const started = performance.now();
  // Types are checked once for the whole repository, before any test; not once more per file.
  const args = ["test", "-A", "--no-check", `--junit-path=${reportFile}`];
  if (run.filter !== undefined) args.push(`--filter=${run.filter}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args, run.file],
    cwd: run.root,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, run.secondsMax * 1000);
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    run.onLine(line);
  };
  const [status] = await Promise.all([
    child.status,
    readLines(child.stdout, onLine),
    readLines(child.stderr, onLine),
  ]);
  clearTimeout(timer);
  const seconds = (performance.now() - started) / 1000;
  const ending: Ending = {
    code: status.code,
    timedOut,
    report: readIfThere(reportFile),
    output: lines.join("\n"),
    seconds,
  };
  return { results: judge(run, ending), output: ending.output, seconds };
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  }
  if (rest !== "") onLine(rest);
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
