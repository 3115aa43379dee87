/**
 * The Debian packages that tests use as foreign programs: which are missing, and how they get here.
 *
 * Rule: nothing is installed that was not printed before. A failure to install is no failed test:
 * the tests that needed the package are skipped, each with its reason.
 *
 * @module
 */

/** Seconds that apt waits for another apt to finish. */
const LOCK_TIMEOUT_S = 300;

/** Package names of a list: one per line, `#` starts a comment. */
export function parsePackageList(text: string): string[] {
  return text.split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((name) => name !== "");
}

/** The command that installs `packages`, as arguments. */
export function installCommand(packages: readonly string[]): string[] {
  return [
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    "-o",
    `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`,
    ...packages,
  ];
}

/** The line for a person who has to become root first. */
export function installLine(packages: readonly string[]): string {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${
    packages.join(" ")
  }`;
}

/** Those of the list at `path` that dpkg does not report as installed; none where there is no apt. */
export async function missingPackages(path: string): Promise<string[]> {
  if (!isDebian()) return [];
  const packages = parsePackageList(Deno.readTextFileSync(path));
  const query = new Deno.Command("dpkg-query", {
    args: ["-W", "-f=${Package} ${db:Status-Status}\n", ...packages],
    stderr: "null",
  });
  const { stdout } = await query.output();
  const installed = new Set(
    new TextDecoder().decode(stdout).split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/** Runs one command of apt. Says whether it succeeded. */
export async function runApt(args: readonly string[]): Promise<boolean> {
  const [program, ...rest] = args;
  if (program === undefined) return false;
  const child = new Deno.Command(program, {
    args: rest,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).spawn();
  return (await child.status).success;
}

/** Whether this system installs packages with apt. */
function isDebian(): boolean {
  try {
    return Deno.statSync("/etc/debian_version").isFile && Deno.statSync("/usr/bin/apt-get").isFile;
  } catch {
    return false;
  }
}

/** What `providePackages` works with. */
export interface Provision {
  /** Packages that are not there. */
  readonly missing: readonly string[];
  /** False after `--no-install`. */
  readonly mayInstall: boolean;
  /** Who runs the tests; 0 may install. */
  readonly uid: number | null;
  /** Runs one command; says whether it succeeded. */
  readonly run: (args: readonly string[]) => Promise<boolean>;
  /** Prints a line. */
  readonly say: (line: string) => void;
}

/** Brings in the packages that are missing, or prints how a person can. */
export async function providePackages(provision: Provision): Promise<void> {
  const { missing, mayInstall, uid, say } = provision;
  if (missing.length === 0) return;
  const run = (args: readonly string[]) => {
    say(`$ ${args.join(" ")}`);
    return provision.run(args);
  };
  if (uid !== 0 || !mayInstall) {
    say(`Tests that need these packages are skipped. To have them run:`);
    say(`  ${installLine(missing)}`);
    return;
  }
  say(`Installing ${missing.length} Debian packages for tests: ${missing.join(" ")}`);
  await run(["apt-get", "update", "-q", "-o", `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`]);
  if (await run(installCommand(missing))) return;
  // One that cannot be had does not keep the others away.
  for (const name of missing) await run(installCommand([name]));
}
