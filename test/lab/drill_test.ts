/**
 * `deno task drill`, as a person and as a script use it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FIRE, Place, run } from "./program.ts";

const MAIN = "lab/cli/main.ts";

Deno.test("a drill is played, with a timeline, a verdict and exit code 0", async () => {
  using place = new Place();
  Deno.writeTextFileSync(place.path("fire.yaml"), FIRE);
  const { code, out, err } = await run(MAIN, ["fire.yaml"], { INIT_CWD: place.folder });
  assert.equal(code, 0, out + err);
  assert.equal(err, "", "no progress where nobody looks");
  assert.ok(out.startsWith("The first site burns\n\nThe site burns four minutes in.\n\n  "), out);
  assert.match(out, /! site\.fire hits /);
  assert.match(out, /\nPassed[^\n]*: [A-Z][^\n]+\.\n/);
  assert.match(out, /\d events in .* s .*, seed \d+, trace [0-9a-f]{16}\n$/);
  assert.doesNotMatch(out, /\n {2}NO /);
});

Deno.test("the same file and seed give the same run, another seed another one", async () => {
  using place = new Place();
  const file = place.path("mine.yaml");
  Deno.writeTextFileSync(file, FIRE);
  const hash = async (...args: string[]) => {
    const { out, err } = await run(MAIN, [...args, "--json"], { INIT_CWD: place.folder });
    assert.match(out, /^[^]+\n$/, err);
    return JSON.parse(out)["traceHash"];
  };
  const first = await hash("mine.yaml");
  assert.equal(await hash(file), first);
  assert.notEqual(await hash(file, "--seed", "987654"), first);
});

Deno.test("an expectation that does not hold makes exit code 1, and is shown", async () => {
  using place = new Place();
  const file = place.path("mine.yaml");
  Deno.writeTextFileSync(
    file,
    FIRE.replace("rpo: { max: 2m }", "rpo: { max: 1ms }"),
  );
  const { code, out, err } = await run(MAIN, [file]);
  assert.equal(code, 1, out + err);
  assert.match(out, /\nFailed: /);
  assert.match(out, /\n {2}NO .*; achieved: /);
});

Deno.test("a file that is no scenario makes exit code 2, with the place, its line and a mark", async () => {
  using place = new Place();
  const file = place.path("mine.yaml");
  Deno.writeTextFileSync(
    file,
    FIRE.replace("script:", "scirpt:"),
  );
  const { code, out, err } = await run(MAIN, [file]);
  assert.equal(code, 2);
  assert.equal(out, "");
  const number = Deno.readTextFileSync(file).split("\n").indexOf("scirpt:") + 1;
  assert.ok(err.includes(`${file}:${number}:1: `), err);
  assert.match(err, /\n +\d+ \| scirpt:\n +\| \^+\n/);
  const json = await run(MAIN, [file, "--json"]);
  assert.equal(json.code, 2);
  assert.equal(json.err, "");
  const { error } = JSON.parse(json.out);
  assert.equal(error.code, "not-a-scenario");
  assert.ok(error.problems.some((one: { line: number }) => one.line === number));
});

Deno.test("a command that makes no sense makes exit code 2, and says where to look", async () => {
  for (
    const args of [[], ["a", "b"], ["--sed", "1"], ["fire", "--seed", "x"], ["no-such-drill"]]
  ) {
    const { code, out, err } = await run(MAIN, args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(out, "");
    assert.match(err, /^.+\n {2}.*deno task drill.*\n$/, args.join(" "));
  }
  const help = await run(MAIN, ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out, /^Usage: deno task drill FILE/);
});

Deno.test("a report is written in every form, all of one run", async () => {
  using place = new Place();
  Deno.writeTextFileSync(place.path("fire.yaml"), FIRE);
  const { code, out, err } = await run(MAIN, ["fire.yaml", "--report", "deep/out"], {
    INIT_CWD: place.folder,
  });
  assert.equal(code, 0, out + err);
  const folder = place.path("deep/out");
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    "report.csv",
    "report.html",
    "report.json",
    "report.md",
    "report.xml",
    "series.csv",
  ]);
  const json = JSON.parse(Deno.readTextFileSync(`${folder}/report.json`));
  assert.ok(out.includes(json["traceHash"]));
  assert.match(Deno.readTextFileSync(`${folder}/report.html`), /^<!doctype html>/i);
  assert.match(Deno.readTextFileSync(`${folder}/report.xml`), /<testsuite/);
  Deno.writeTextFileSync(place.path("file"), "");
  const refused = await run(MAIN, [place.path("fire.yaml"), "--report", place.path("file")]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /cannot be written/);
});
