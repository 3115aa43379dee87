/**
 * Arguments of the lab's commands.
 *
 * @module
 */

import assert from "node:assert/strict";
import { takeApart, wholeNumber } from "../../../../lab/cli/arguments.ts";
import { CommandError } from "../../../../lab/cli/terminal.ts";

const TYPES = { seed: "string", json: "boolean" } as const;

Deno.test("operands, values and switches are taken apart", () => {
  const typed = takeApart(["fire", "--seed", "4", "--json"], TYPES, "help");
  assert.deepEqual(typed.operands, ["fire"]);
  assert.deepEqual(typed.values, { seed: "4" });
  assert.deepEqual([...typed.switches], ["json"]);
});

Deno.test("what makes no sense is refused in one sentence, with where to look", () => {
  for (const args of [["--sed", "4"], ["--seed"], ["--json=yes"], ["--seed", "--json"], ["-x"]]) {
    assert.throws(
      () => takeApart(args, TYPES, "Look there"),
      (error) =>
        error instanceof CommandError && error.code === "usage" &&
        error.action === "Look there" && !error.message.includes("\n"),
      args.join(" "),
    );
  }
});

Deno.test("a number is whole, in its range, and in digits alone", () => {
  assert.equal(wholeNumber("0", "--seed", 9, ""), 0);
  assert.equal(
    wholeNumber(String(Number.MAX_SAFE_INTEGER), "--seed", Number.MAX_SAFE_INTEGER, ""),
    Number.MAX_SAFE_INTEGER,
  );
  for (const text of ["", "-1", "1.5", "1e3", "0x1", " 1", "10", "9007199254740993", "NaN"]) {
    assert.throws(() => wholeNumber(text, "--seed", 9, ""), CommandError, text);
  }
});
