/**
 * How a command finds its scenario, and shows where a text is none.
 *
 * @module
 */

import assert from "node:assert/strict";
import { findScenario, problemText } from "../../../../lab/cli/scenario_file.ts";
import { CommandError } from "../../../../lab/cli/terminal.ts";
import { Library } from "../../../../lab/server/library.ts";

function problem(line: number, column: number, endLine: number, endColumn: number) {
  return { line, column, endLine, endColumn, message: "It is wrong" };
}

Deno.test("a problem is shown as FILE:LINE:COLUMN with its line and marks below the place", () => {
  const text = "name: x\nseeed: 4\n";
  assert.equal(
    problemText("a.yaml", text, [problem(2, 1, 2, 6)]),
    "a.yaml:2:1: It is wrong\n  2 | seeed: 4\n    | ^^^^^\n",
  );
});

Deno.test("problems at the end, over lines, in long lines and beside control letters are shown all the same", () => {
  const shown = (text: string, one: ReturnType<typeof problem>) =>
    problemText("f", text, [one]).split("\n").slice(1, 3);
  assert.deepEqual(shown("ab\n", problem(3, 1, 3, 1)), ["  3 | ", "    | ^"]);
  assert.deepEqual(shown("abc\nd", problem(1, 2, 2, 1)), ["  1 | abc", "    |  ^^"]);
  assert.deepEqual(shown("\ta\u001b[2J", problem(1, 2, 1, 3)), ["  1 |  a?[2J", "    |  ^"]);
  const long = `${"x".repeat(5000)}Y${"z".repeat(5000)}`;
  const [line, marks] = shown(long, problem(1, 5001, 1, 5002));
  assert.ok(line!.length < 200);
  assert.equal(line![marks!.indexOf("^")], "Y");
});

Deno.test("of very many problems the first ones are shown, and how many follow", () => {
  const problems = Array.from({ length: 50 }, (_, index) => problem(index + 1, 1, index + 1, 2));
  const text = problemText("f", "a\n".repeat(50), problems);
  assert.match(text, /f:10:1/);
  assert.doesNotMatch(text, /f:11:1/);
  assert.match(text, /and 40 more\n$/);
});

Deno.test("a file that is missing, a folder, too large or no scenario is said", () => {
  const folder = Deno.makeTempDirSync({ prefix: "warmsite-lab-" });
  try {
    Deno.writeTextFileSync(`${folder}/large.yaml`, "#".repeat(2_000_000));
    Deno.writeTextFileSync(`${folder}/other.yaml`, "just: words\n");
    Deno.writeFileSync(`${folder}/bytes.yaml`, new Uint8Array([0xff, 0xfe, 0, 1, 2]));
    const library = new Library(folder);
    const refusals = [
      ["absent", "not-found", /library has no "absent"/],
      [`${folder}/absent.yaml`, "not-found", /no file/],
      [folder, "not-found", /cannot be read/],
      [`${folder}/large.yaml`, "not-a-scenario", /2000000 bytes/],
      [`${folder}/other.yaml`, "not-a-scenario", /is no scenario/],
      [`${folder}/bytes.yaml`, "not-a-scenario", /is no scenario/],
      ["other", "not-a-scenario", /^other is no scenario/],
    ] as const;
    for (const [file, code, message] of refusals) {
      assert.throws(
        () => findScenario(file, library),
        (error) =>
          error instanceof CommandError && error.code === code && message.test(error.message),
        file,
      );
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
