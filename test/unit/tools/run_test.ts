/**
 * `tools/run`: which Deno it takes, and what it tells one who has none.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

const ROOT = new URL("../../..", import.meta.url).pathname;
const VERSION: string = JSON.parse(readFileSync(`${ROOT}tools/deno/package.json`, "utf8"))
  .optionalDependencies["@deno/linux-x64-glibc"];

/** A checkout with nothing but the launcher, a PATH with nothing but a few tools, and no home. */
class Checkout implements Disposable {
  readonly folder = mkdtempSync("/tmp/warmsite-run-");
  readonly path = `${this.folder}/bin`;

  constructor() {
    mkdirSync(`${this.folder}/tools/deno`, { recursive: true });
    mkdirSync(this.path);
    cpSync(`${ROOT}tools/run`, `${this.folder}/tools/run`);
    cpSync(`${ROOT}tools/deno/package.json`, `${this.folder}/tools/deno/package.json`);
    for (const name of ["dirname", "sed", "uname", "getconf", "grep", "mkdir", "rmdir", "sleep"]) {
      symlinkSync(`/usr/bin/${name}`, `${this.path}/${name}`);
    }
  }

  /** Puts a program into this checkout that answers `--version` and otherwise tells how it ran. */
  addDeno(path: string, version: string): string {
    const file = `${this.folder}/${path}`;
    mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    const script = `#!/bin/sh
if [ "$1" = --version ]; then echo "deno ${version} (stable)"; exit; fi
echo "${path} from $INIT_CWD in $PWD: $*"
`;
    writeFileSync(file, script);
    chmodSync(file, 0o755);
    return file;
  }

  /** Puts a shell script on PATH, in place of what is there. */
  addProgram(name: string, script: string): void {
    rmSync(`${this.path}/${name}`, { force: true });
    writeFileSync(`${this.path}/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(`${this.path}/${name}`, 0o755);
  }

  run(args: string[], env: Record<string, string> = {}) {
    const { code, stdout, stderr } = new Deno.Command("/bin/sh", {
      args: [`${this.folder}/tools/run`, ...args],
      cwd: "/tmp",
      clearEnv: true,
      env: { PATH: this.path, ...env },
    }).outputSync();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout).trim(), stderr: decoder.decode(stderr).trim() };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

Deno.test("tools/run takes $WARMSITE_DENO first, and passes task, arguments and folder", () => {
  using checkout = new Checkout();
  const own = checkout.addDeno("own/deno", "1.0.0");
  checkout.addDeno("bin/deno", VERSION);
  assert.equal(
    checkout.run(["demo", "--once", "a b"], { WARMSITE_DENO: own }).stdout,
    `own/deno from /tmp in ${checkout.folder}: task --quiet demo --once a b`,
  );
});

Deno.test("tools/run keeps the INIT_CWD that npm sets", () => {
  using checkout = new Checkout();
  checkout.addDeno("bin/deno", VERSION);
  assert.match(checkout.run(["test"], { INIT_CWD: "/var" }).stdout, /^bin\/deno from \/var in /);
});

Deno.test("tools/run takes a deno on PATH only if it is exactly the pinned one", () => {
  using checkout = new Checkout();
  checkout.addDeno("bin/deno", VERSION);
  assert.match(checkout.run(["test"]).stdout, /^bin\/deno /);
  checkout.addDeno("bin/deno", `${VERSION}0`);
  const { code, stderr } = checkout.run(["test"]);
  assert.equal(code, 1);
  assert.match(stderr, /is missing, and so is npm\. Install Deno .* WARMSITE_DENO/);
});

Deno.test("tools/run takes the installed Deno without asking npm again", () => {
  using checkout = new Checkout();
  const platform = "tools/deno/node_modules/@deno/linux-x64-glibc/deno";
  const other = "tools/deno/node_modules/deno/deno";
  for (const path of [platform, other]) checkout.addDeno(path, VERSION);
  const hidden = `${checkout.folder}/tools/deno/node_modules/.package-lock.json`;
  writeFileSync(hidden, `{ "version": "${VERSION}" }`);
  assert.match(checkout.run(["test"]).stdout, /^tools\/deno\/node_modules\/.* task --quiet test$/);
  rmSync(hidden);
  assert.equal(checkout.run(["test"]).code, 1, "an interrupted installation is not used");
});

Deno.test("tools/run says what to do when npm cannot install", () => {
  using checkout = new Checkout();
  writeFileSync(`${checkout.path}/npm`, "#!/bin/sh\necho offline >&2\nexit 1\n");
  chmodSync(`${checkout.path}/npm`, 0o755);
  const { code, stderr } = checkout.run(["test"]);
  assert.equal(code, 1);
  assert.match(stderr, /npm could not install Deno .*\. Install Deno /);
  assert.deepEqual(readdirSync(`${checkout.folder}/.cache`), [], "the lock is given back");
});

Deno.test("tools/run has npm install its own deno package on another platform", () => {
  for (const [system, machine] of [["Darwin", "arm64"], ["Linux", "aarch64"]]) {
    using checkout = new Checkout();
    checkout.addProgram("uname", `case "$1" in -s) echo ${system} ;; *) echo ${machine} ;; esac`);
    const deno = "tools/deno/node_modules/deno/deno";
    checkout.addDeno(`${deno}.npm`, VERSION);
    const hidden = `${checkout.folder}/tools/deno/node_modules/.package-lock.json`;
    // What npm would bring lies there, and comes by its name when npm is called.
    checkout.addProgram(
      "npm",
      `echo "npm $*" >&2; /bin/mv '${checkout.folder}/${deno}.npm' '${checkout.folder}/${deno}'; ` +
        `echo '{ "version": "${VERSION}" }' > '${hidden}'`,
    );
    const { code, stdout, stderr } = checkout.run(["test"]);
    assert.equal(code, 0, stderr);
    const asked =
      `npm install --no-save --no-package-lock deno@${VERSION} --prefix ${checkout.folder}`;
    assert.ok(stderr.includes(asked), stderr);
    assert.match(stdout, /^tools\/deno\/node_modules\/deno\/.* task --quiet test$/);
    // The second time npm is not asked.
    assert.doesNotMatch(checkout.run(["test"]).stderr, /npm/);
  }
});

Deno.test("tools/run believes neither npm that it has brought Deno, nor a proxy without the system", () => {
  using checkout = new Checkout();
  // npm's exit code is 0 when an optional package could not be downloaded.
  writeFileSync(`${checkout.path}/npm`, '#!/bin/sh\necho "trusts $NODE_EXTRA_CA_CERTS"\n');
  chmodSync(`${checkout.path}/npm`, 0o755);
  const { code, stderr } = checkout.run(["test"], { NODE_EXTRA_CA_CERTS: "/own.pem" });
  assert.equal(code, 1);
  assert.match(stderr, /npm brought no Deno .* cannot be reached .*\. Install Deno /);
  assert.match(stderr, /trusts \/own\.pem/);
  const bundle = "/etc/ssl/certs/ca-certificates.crt";
  if (existsSync(bundle)) assert.ok(checkout.run(["test"]).stderr.includes(`trusts ${bundle}`));
});

Deno.test("tools/run refuses a WARMSITE_DENO that is no program, and no task at all", () => {
  using checkout = new Checkout();
  const wrong = checkout.run(["test"], { WARMSITE_DENO: "/nowhere/deno" });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /WARMSITE_DENO is not a program: \/nowhere\/deno/);
  assert.match(checkout.run([]).stderr, /usage: sh tools\/run TASK/);
});
