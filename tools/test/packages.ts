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

/** Those of `packages` that dpkg does not report as installed. */
async function missingPackages(packages: readonly string[]): Promise<string[]> {
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

/** Runs one apt command with its output shown. Says whether it succeeded. */
async function runApt(args: readonly string[]): Promise<boolean> {
  const [program, ...rest] = args;
  if (program === undefined) return false;
  console.log(`$ ${args.join(" ")}`);
  const child = new Deno.Command(program, {
    args: rest,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).spawn();
  return (await child.status).success;
}

/** Installs `packages`; one that cannot be had does not keep the others away. */
async function install(packages: readonly string[]): Promise<void> {
  await runApt(["apt-get", "update", "-q", "-o", `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`]);
  if (await runApt(installCommand(packages))) return;
  for (const name of packages) await runApt(installCommand([name]));
}

/** Whether this system installs packages with apt. */
function isDebian(): boolean {
  try {
    return Deno.statSync("/etc/debian_version").isFile && Deno.statSync("/usr/bin/apt-get").isFile;
  } catch {
    return false;
  }
}

/**
 * Brings in the packages of the list at `path` that are missing, or prints how a person can.
 * Does nothing where there is no apt.
 */
export async function providePackages(path: string, mayInstall: boolean): Promise<void> {
  if (!isDebian()) return;
  const missing = await missingPackages(parsePackageList(Deno.readTextFileSync(path)));
  if (missing.length === 0) return;
  if (Deno.uid() === 0 && mayInstall) {
    console.log(`Installing ${missing.length} Debian packages for tests: ${missing.join(" ")}`);
    await install(missing);
    return;
  }
  console.log(`Tests that need these packages are skipped. To have them run:`);
  console.log(`  ${installLine(missing)}`);
}
