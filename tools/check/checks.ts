/**
 * The checks of the source that need no test to run: format, lint, types.
 *
 * The rules of this repository's own, `../lint/` and `../tidy/`, run as tests in `test/tidy/`.
 *
 * @module
 */

/** One check: a command of Deno that ends with 0 when the source is good. */
export interface Check {
  readonly name: string;
  /** What holds when it succeeds, as a sentence. */
  readonly claim: string;
  /** Arguments of Deno. */
  readonly args: readonly string[];
}

/** In the order in which they run. */
export const CHECKS: readonly Check[] = [
  { name: "format", claim: "Every file is formatted by deno fmt", args: ["fmt", "--check"] },
  { name: "lint", claim: "No rule of deno lint is broken", args: ["lint"] },
  // From the root, so that each member of the workspace is checked under its own libraries.
  { name: "types", claim: "Every module type-checks and the lock is whole", args: ["check", "."] },
];

/** How a check ended. */
export interface CheckOutcome {
  readonly success: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** Runs one check in the repository at `root`. */
export async function runCheck(root: string, check: Check): Promise<CheckOutcome> {
  const started = performance.now();
  const command = new Deno.Command(Deno.execPath(), {
    args: [...check.args],
    cwd: root,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return {
    success,
    output: decoder.decode(stdout) + decoder.decode(stderr),
    seconds: (performance.now() - started) / 1000,
  };
}
