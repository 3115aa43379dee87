/**
 * `deno task prove` as it is called: exit codes, what it prints, and that the line that it prints for a
 * violation finds the same one again. What it must find is a planted bug, in a copy of the engine.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runSeed } from "../../../../engine/sim/scenario/run.ts";
import { readRegression } from "../../../../lab/regression/regression.ts";
import { makeCopy } from "../../../../tools/prove/plants.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { CLEAR_WRITES_ZERO as PLANT } from "../../../planted/clear_writes_zero.ts";

const ROOT = new URL("../../../../", import.meta.url);

function prove(root: URL, ...args: string[]) {
  return run(new URL("tools/prove/main.ts", root), args);
}

async function run(program: URL, args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", fileURLToPath(program), ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Calls `use` with a copy of engine and tools, with the bug in it or sound. */
async function withCopy(bug: boolean, use: (copy: URL) => Promise<void>): Promise<void> {
  // Inside the repository, whose deno.json it needs.
  const folder = new URL(`.cache/prove-${Deno.pid}/`, ROOT);
  try {
    const copy = new URL(
      "./",
      `${makeCopy(bug ? PLANT : { ...PLANT, after: PLANT.before }, folder)}/`,
    );
    cpSync(new URL("test/planted", ROOT), new URL("test/planted", copy), { recursive: true });
    for (const { isDirectory, name } of Deno.readDirSync(new URL("lab", ROOT))) {
      const from = new URL(`lab/${name}`, ROOT);
      if (isDirectory) cpSync(from, new URL(`lab/${name}`, copy), { recursive: true });
      else if (name.endsWith(".ts")) cpSync(from, new URL(`lab/${name}`, copy));
    }
    await use(copy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

Deno.test("the task is this program", () => {
  const { tasks } = JSON.parse(readFileSync(new URL("deno.json", ROOT), "utf8"));
  assert.equal(tasks.prove.command, "deno run -A tools/prove/main.ts");
});

Deno.test("runs that find nothing end with 0 and say how many they were", async () => {
  const words = await prove(ROOT, "--runs", "3", "--seed", "5", "--jobs", "1");
  assert.equal(words.code, 0, words.err);
  assert.match(words.out, /^3 runs, .*: every invariant holds\n$/);
  const json = await prove(ROOT, "--runs", "3", "--seed", "5", "--jobs", "2", "--json");
  assert.equal(json.code, 0, json.err);
  const { ok, runs, probes } = JSON.parse(json.out);
  assert.deepEqual([ok, runs], [true, 3]);
  assert.ok(Object.keys(probes).length > 0);
});

Deno.test("bad values end with 2 and the usage, and nothing is called proved", async () => {
  for (const args of [["--runs", "0"], ["--runs", ""], ["--fast"]]) {
    const { code, out, err } = await prove(ROOT, ...args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(out, "");
    assert.match(err, /^(--runs wants|No option --fast).*\nUsage: deno task prove /);
  }
});

Deno.test("a trace ends with the hash of its run", async () => {
  const { hash } = runSeed(5, loadKernel());
  const words = await prove(ROOT, "--trace", "--seed", "5");
  assert.equal(words.code, 0, words.err);
  assert.equal(words.out.trimEnd().split("\n").at(-1), `trace ${hash}`);
  const json = JSON.parse((await prove(ROOT, "--trace", "--seed", "5", "--json")).out);
  assert.deepEqual([json.seed, json.hash], [5, hash]);
  assert.ok(json.lines.length > 10);
});

Deno.test("a violation ends with 1, is kept, and its line finds the same invariant again", () =>
  withCopy(true, async (copy) => {
    const found = await prove(copy, "--runs", "500", "--seed", "2", "--jobs", "1");
    assert.equal(found.code, 1, found.out + found.err);
    const [, id, message] = /^(I\d+) does not hold: (.*)/.exec(found.out) ?? [];
    assert.ok(id !== undefined && PLANT.invariants.some((each) => each === id), found.out);
    const [, line, seed] = /^Replay: deno task prove (--seed (\d+) --runs 1)$/m.exec(found.out) ??
      [];
    const [, kept] = /^Kept: (scenarios\/regressions\/\S+\.json),/m.exec(found.out) ?? [];
    assert.ok(line !== undefined && kept !== undefined, found.out);
    const text = readFileSync(new URL(kept, copy), "utf8");
    const { invariant, drill } = readRegression({ name: kept.split("/").at(-1) ?? "", text });
    assert.equal(invariant, id);
    assert.ok(drill.script.length > 0 && drill.script.length < 40, "it was shrunken");

    const file = fileURLToPath(new URL(kept, copy));
    const played = await run(new URL("lab/cli/main.ts", copy), [file]);
    assert.equal(played.code, 1, played.out + played.err);
    assert.match(played.out, new RegExp(`${id}\\b`), "whoever plays what is kept sees it break");
    const passed = await run(new URL("lab/cli/main.ts", ROOT), [file]);
    assert.equal(passed.code, 0, passed.out + passed.err);

    const replayed = await prove(copy, ...line.split(" "), "--json");
    assert.equal(replayed.code, 1, replayed.err);
    const { ok, runs, violation } = JSON.parse(replayed.out);
    assert.deepEqual([ok, runs, violation.id], [false, 1, id]);
    assert.equal(violation.message.split("\n")[0], message, "at the same place");
    assert.equal(violation.replay, `deno task prove --seed ${seed} --runs 1`);

    const sound = await prove(ROOT, ...line.split(" "));
    assert.equal(sound.code, 0, `seed ${seed} without the bug: ${sound.out}`);
    assert.ok(!existsSync(new URL(kept, ROOT)), "nothing of a copy is kept here");
  }));

Deno.test("--planted ends with 0 when all were found, else with 1 and their names", () =>
  withCopy(false, async (copy) => {
    const table = (after: string) =>
      `import { CLEAR_WRITES_ZERO } from "./clear_writes_zero.ts";\n` +
      `export const PLANTS = [CLEAR_WRITES_ZERO${after}];\n`;
    writeFileSync(new URL("test/planted/table.ts", copy), table(""));
    const all = await prove(copy, "--planted", "--runs", "500", "--jobs", "1");
    assert.equal(all.code, 0, all.out + all.err);
    assert.match(
      all.out,
      /^id +rule +invariant +found +runs +seconds\nclear-writes-zero +T2 +I12 +I12 +\d/,
    );
    const never = `, { ...CLEAR_WRITES_ZERO, id: "never", after: CLEAR_WRITES_ZERO.before }`;
    writeFileSync(new URL("test/planted/table.ts", copy), table(never));
    const some = await prove(copy, "--planted", "--runs", "20", "--jobs", "2", "--json");
    assert.equal(some.code, 1, some.out + some.err);
    const results: { id: string; found?: string }[] = JSON.parse(some.out);
    assert.deepEqual(results.map(({ id }) => id), ["clear-writes-zero", "never"]);
    assert.equal(results[1]?.found, undefined);
  }));
