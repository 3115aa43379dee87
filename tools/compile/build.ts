/**
 * Builds the program into a folder.
 *
 * Rule: the folder is replaced as a whole, when all is made: a build that fails leaves the old one.
 *
 * @module
 */

/** What was made. */
export interface Built {
  /** One file, or a bundle beside a Deno. */
  readonly form: "binary" | "bundle";
  /** What to run. */
  readonly program: string;
  /** Why there is no single file; "" when there is. */
  readonly reason: string;
}

/** The program, and the worker that it starts by name. */
const MAIN = "engine/agent/main.ts";
const WORKER = "engine/host/codec_worker.ts";

/** Builds from the repository at `root` into `out`, which is replaced. */
export async function build(root: string, out: string): Promise<Built> {
  const unfinished = `${out}.unfinished`;
  await removeTree(unfinished);
  await Deno.mkdir(unfinished, { recursive: true });
  try {
    const reason = await compile(root, unfinished);
    if (reason !== "") await bundle(root, unfinished);
    await removeTree(out);
    await Deno.rename(unfinished, out);
    return { form: reason === "" ? "binary" : "bundle", program: `${out}/warmsite`, reason };
  } finally {
    await removeTree(unfinished);
  }
}

/** Tries to make one file; returns why that is not possible, or "". */
async function compile(root: string, out: string): Promise<string> {
  const args = ["compile", "-A", "--include", WORKER, "--output", `${out}/warmsite`, MAIN];
  const { success, errors } = await runDeno(root, args);
  if (success) return "";
  await removeTree(`${out}/warmsite`);
  return firstReason(errors);
}

/** The cause that Deno names, the innermost one that says what could not be had. */
function firstReason(errors: string): string {
  const lines = errors.split("\n").map((line) => line.trim());
  const cause = lines.find((line) => /^\d+: .*\berror\b/.test(line))?.replace(/^\d+: /, "");
  const first = lines.find((line) => line.startsWith("error:"))?.replace(/^error: /, "");
  return cause ?? first ?? "no reason given";
}

async function bundle(root: string, out: string): Promise<void> {
  await Deno.mkdir(`${out}/app`);
  await bundleOne(root, MAIN, `${out}/app/main.js`);
  await bundleOne(root, WORKER, `${out}/app/codec_worker.js`);
  await Deno.copyFile(Deno.execPath(), `${out}/deno`);
  await Deno.chmod(`${out}/deno`, 0o755);
  await Deno.writeTextFile(`${out}/warmsite`, LAUNCHER, { mode: 0o755 });
}

async function bundleOne(root: string, entry: string, output: string): Promise<void> {
  const { success, errors } = await runDeno(root, [
    ...["bundle", "--quiet", "--platform", "deno", "--output", output, entry],
  ]);
  if (!success) throw new Error(`deno bundle ${entry} failed: ${errors}`);
}

/** Nothing outside the folder is read: no configuration, no cache, no network. */
const LAUNCHER = `#!/bin/sh
# Runs Warmsite with the Deno beside this file.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
export DENO_NO_UPDATE_CHECK=1
exec "$here/deno" run --quiet --no-config --no-remote --no-npm --cached-only -A \\
  "$here/app/main.js" "$@"
`;

async function runDeno(
  root: string,
  args: readonly string[],
): Promise<{ readonly success: boolean; readonly errors: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, errors: new TextDecoder().decode(stderr) };
}

async function removeTree(where: string): Promise<void> {
  try {
    await Deno.remove(where, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
