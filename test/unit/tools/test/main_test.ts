/**
 * The runner as a whole, over a tree of two tests of which one is skipped.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

const TESTS = `import { condition, testWithNeeds } from "../needs.ts";
Deno.test("passes", () => {});
const needs = [condition("a unicorn", () => false)];
testWithNeeds({ name: "rides", needs }, () => {});
`;

async function withTree(use: (tree: string) => Promise<void>): Promise<void> {
  const tree = Deno.makeTempDirSync({ prefix: "warmsite-runner-" });
  try {
    for (const part of ["tools/test", "tools/check", "test/needs.ts"]) {
      cpSync(`${ROOT}${part}`, `${tree}/${part}`, { recursive: true });
    }
    writeFileSync(`${tree}/deno.json`, "{}");
    writeFileSync(`${tree}/tools/packages.txt`, "# none\n");
    mkdirSync(`${tree}/test/unit`);
    writeFileSync(`${tree}/test/unit/a_test.ts`, TESTS);
    await use(tree);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

async function runTests(tree: string, env: Record<string, string>, ...args: string[]) {
  const { PATH, HOME, DENO_DIR } = Deno.env.toObject();
  const kept = Object.entries({ PATH, HOME, DENO_DIR }).filter((each) => each[1] !== undefined);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${tree}/tools/test/main.ts`, ...args],
    clearEnv: true,
    env: { ...Object.fromEntries(kept) as Record<string, string>, ...env, NO_COLOR: "1" },
    cwd: tree,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("a skipped test is told by name with its reason, and fails the run with CI=true alone", () =>
  withTree(async (tree) => {
    const reason = "test/unit/a_test.ts: rides: needs a unicorn";
    for (const [env, code] of [[{}, 0], [{ CI: "false" }, 0], [{ CI: "true" }, 1]] as const) {
      const result = await runTests(tree, { ...env }, "--no-install", "--only", "unit");
      assert.equal(result.code, code, result.out + result.err);
      assert.ok(result.out.includes(reason), result.out);
      assert.equal(result.out.trimEnd().split("\n").at(-1), "1 passed, 0 failed, 1 skipped");
      assert.equal(result.out.includes("CI is true: 1 skipped tests fail the run"), code === 1);
    }
  }));

Deno.test("a failure fails the run, a run without a test too, and a wrong flag ends with 2", () =>
  withTree(async (tree) => {
    const nothing = await runTests(
      tree,
      {},
      "--no-install",
      "--only",
      "unit",
      "--filter",
      "absent",
    );
    assert.equal(nothing.code, 1, nothing.out + nothing.err);
    const unknown = await runTests(tree, {}, "--only", "absent");
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /Unknown group 'absent'\. There are: check, unit/);
    writeFileSync(
      `${tree}/test/unit/b_test.ts`,
      `Deno.test("fails", () => { throw new Error("no") });`,
    );
    const failed = await runTests(tree, {}, "--no-install", "--only", "unit");
    assert.equal(failed.code, 1);
    assert.equal(failed.out.trimEnd().split("\n").at(-1), "1 passed, 1 failed, 1 skipped");
  }));
