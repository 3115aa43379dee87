/**
 * What the tables of an HTML report are made of.
 *
 * @module
 */

import { type Filling, type Markup, markup } from "./markup.ts";
import { countText } from "./words.ts";

/** Rows that a table has at most; a file of numbers is beside it for more. */
const ROWS_MAX = 500;

/** A column: its heading, and what each cell is. */
export type Column<Row> = readonly [
  heading: string,
  cell: (row: Row) => Filling,
  kind?: "number" | "short",
];

/** A table, of which what is too long is left to the files of numbers. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Markup {
  const left = rows.length - ROWS_MAX;
  return markup`<div class="wide"><table><thead><tr>${
    columns.map(([heading, , kind = ""]) => markup`<th scope="col" class="${kind}">${heading}</th>`)
  }</tr></thead>
<tbody>${
    rows.slice(0, ROWS_MAX).map((row) =>
      markup`<tr>${
        columns.map(([, cell, kind = ""]) => markup`<td class="${kind}">${cell(row)}</td>`)
      }</tr>
`
    )
  }</tbody></table></div>${
    left > 0 && markup`<p class="quiet">${countText(left)} more are in the CSV and JSON files.</p>`
  }`;
}

/** Said where there is nothing to show. */
export function none(text: string): Markup {
  return markup`<p class="quiet">${text}</p>`;
}

/** A verdict as a sign and a word. */
export function holds(yes: boolean, good: string, bad: string): Markup {
  return yes
    ? markup`<span class="good">✓ ${good}</span>`
    : markup`<span class="bad">✗ ${bad}</span>`;
}
