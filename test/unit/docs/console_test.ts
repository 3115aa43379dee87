/**
 * Pages that are typed: what counts as a step, and what as printed otherwise.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { firstDifference, stepsOf, wordsOf } from "../../agent/console.ts";

Deno.test("a page is its typed lines with what they print, and what is done in between", () => {
  const page = "x\n```console\na$ one\nout\nb$ two\n```\n<!-- do: burn a -->\n```sh\na$ no\n```\n";
  deepEqual(
    stepsOf(page).map((step) => step.kind === "do" ? step.words : [step.host, step.expected]),
    [
      ["a", ["out"]],
      ["b", []],
      ["burn", "a"],
    ],
  );
});

Deno.test("words are split like a shell's, and comments are not typed", () => {
  deepEqual(wordsOf(`warmsite x --a "b c" 'd e' # why`), ["warmsite", "x", "--a", "b c", "d e"]);
});

Deno.test("what is printed otherwise is told; … stands for what differs", () => {
  equal(firstDifference("a 1\nb\nc\n", ["a …", "…"]), "");
  equal(firstDifference("a 1\nb\n", ["a …", "b"]), "");
  match(firstDifference("a 1\nb\n", ["a …", "c"]), /the page says/);
  match(firstDifference("a 1\nb\n", ["a …"]), /it prints/);
  match(firstDifference("(a)\n", ["[a]"]), /the page says/);
  equal(firstDifference("", []), "");
  match(
    firstDifference("a\n", []),
    /it prints/,
    "where the page shows nothing, nothing is printed",
  );
  match(firstDifference("", ["a"]), /the page says/);
});
