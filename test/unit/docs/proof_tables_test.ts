/**
 * The tables of docs/PROOF.md are what the code is: every invariant that judges, every bug that is planted.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { INVARIANTS } from "../../../engine/sim/invariants/table.ts";
import { PLANTS } from "../../planted/table.ts";

const PAGE = Deno.readTextFileSync("docs/PROOF.md");

/** The cells of every row of a section's table, without its head. */
function rowsOf(heading: string): string[][] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const number = (id: string) => Number(id.slice(1));

Deno.test("docs/PROOF.md has every invariant once, in the words of the code", () => {
  const told = rowsOf("What always holds").map(([id = "", always = ""]) => ({ id, always }));
  equal(new Set(told.map(({ id }) => id)).size, told.length, "each stands there once");
  const judged = INVARIANTS.map(({ id }) => id);
  deepEqual(judged.filter((id) => !told.some((row) => row.id === id)), [], "missing in the page");
  const words = (row: { readonly id: string; readonly always: string }) => [row.id, row.always];
  deepEqual(
    told.filter((row) => judged.includes(row.id)).map(words).toSorted(),
    INVARIANTS.map(({ id, about }) => words({ id, always: about })).toSorted(),
  );
  // The others are judged over whole runs, and name the test that does it.
  for (const { id, always } of told.filter((row) => !judged.includes(row.id))) {
    const file = /`(test\/[^`]+)`/.exec(always)?.[1];
    if (file === undefined) ok(/the same test/.test(always), `${id} is judged by nobody`);
    else ok(Deno.statSync(file), `${id}: ${file}`);
  }
  for (const id of judged) {
    const padded = `i${String(number(id)).padStart(2, "0")}_`;
    const files = [...Deno.readDirSync("engine/sim/invariants")].map(({ name }) => name);
    equal(files.filter((name) => name.startsWith(padded)).length, 1, `${id} has a file`);
  }
});

Deno.test("docs/PROOF.md has every planted bug, with its rule, its invariants and its file", () => {
  const told = rowsOf("Planted bugs").map(([id = "", rule = "", noticed = "", file = ""]) => ({
    id: id.replaceAll("`", ""),
    rule,
    invariants: noticed.split(", ").toSorted(),
    file: `engine/core/${file.replaceAll("`", "")}`,
  }));
  const planted = PLANTS.map(({ id, rule, invariants, file }) => ({
    id,
    rule,
    invariants: [...invariants].toSorted(),
    file,
  }));
  const byId = (left: { readonly id: string }, right: { readonly id: string }) =>
    left.id < right.id ? -1 : 1;
  deepEqual(told.toSorted(byId), planted.toSorted(byId));
});

Deno.test("docs/PROOF.md speaks of no invariant that there is not", () => {
  const known = new Set(rowsOf("What always holds").map(([id]) => id));
  const cited = new Set([...PAGE.matchAll(/\bI\d+\b/g)].map(([id]) => id));
  deepEqual([...cited].filter((id) => !known.has(id)), []);
});
