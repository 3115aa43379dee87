/**
 * Options of `deno task prove`: what they mean, and that none is taken for another one.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  HELP,
  parseOptions,
  PLANTED_RUNS,
  type ProveOptions,
  USAGE,
} from "../../../../tools/prove/options.ts";

const USUAL: ProveOptions = {
  runs: 2000,
  minutes: 0,
  seed: 1,
  jobs: 4,
  planted: false,
  trace: false,
  json: false,
  help: false,
};

function parsed(...args: string[]): ProveOptions | string {
  return parseOptions(args, 4);
}

Deno.test("without options it is so many runs from the first seed, on all cores", () => {
  assert.deepEqual(parsed(), USUAL);
});

Deno.test("every option is read", () => {
  assert.deepEqual(parsed("--runs", "12", "--seed", "0", "--jobs", "3", "--json"), {
    ...USUAL,
    runs: 12,
    seed: 0,
    jobs: 3,
    json: true,
  });
  assert.deepEqual(parsed("--trace", "--seed", "808119"), { ...USUAL, trace: true, seed: 808119 });
});

Deno.test("minutes take as many runs as fit, unless runs are given too", () => {
  const endless = { ...USUAL, runs: Number.MAX_SAFE_INTEGER };
  assert.deepEqual(parsed("--minutes", "0.5"), { ...endless, minutes: 0.5 });
  assert.deepEqual(parsed("--minutes", "30", "--runs", "9"), { ...USUAL, minutes: 30, runs: 9 });
});

Deno.test("planted bugs have the runs of the gate", () => {
  assert.deepEqual(parsed("--planted"), { ...USUAL, planted: true, runs: PLANTED_RUNS });
});

Deno.test("there are no more workers than runs", () => {
  assert.deepEqual(parsed("--runs", "2"), { ...USUAL, runs: 2, jobs: 2 });
  assert.deepEqual(parsed("--runs", "1", "--jobs", "8"), { ...USUAL, runs: 1, jobs: 1 });
});

Deno.test("what is no number, or too small, is said and never taken for one", () => {
  for (const name of ["--runs", "--minutes", "--seed", "--jobs"]) {
    const bad = [
      "",
      " ",
      "x",
      "-1",
      "1e3",
      "0x10",
      "NaN",
      "Infinity",
      "1 ",
      "--json",
      "9".repeat(20),
    ];
    if (name !== "--seed") bad.push("0");
    if (name !== "--minutes") bad.push("1.5");
    for (const value of bad) {
      assert.match(
        String(parsed(name, value)),
        new RegExp(`^${name} wants `),
        `${name} "${value}"`,
      );
    }
    assert.match(String(parsed(name)), new RegExp(`^${name} wants `));
    assert.equal(parsed(name, "2", name, "3"), `${name} is there twice`);
  }
});

Deno.test("what is no option is refused", () => {
  for (const name of ["--run", "5", "-h", "--runs=5", "--Planted"]) {
    assert.equal(parsed(name), `No option ${name}`);
  }
});

Deno.test("the help tells every option of the usage, and nothing is run for it", () => {
  assert.deepEqual(parsed("--help"), { ...USUAL, help: true });
  for (const [option] of USAGE.matchAll(/--[a-z]+/g)) {
    assert.match(HELP, new RegExp(`^  ${option} `, "m"));
  }
});
