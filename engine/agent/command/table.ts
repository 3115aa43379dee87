/**
 * Aligned tables of text for people.
 *
 * @module
 */

/** How a column is shown. */
export interface Column {
  /** Heading, in capitals. */
  readonly title: string;
  /** Numbers are aligned right. */
  readonly right?: boolean;
}

/** Rows under headings, two spaces between columns; no spaces at the ends of lines. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(width(title), ...rows.map((row) => width(row[index] ?? "")))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => {
      const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cell)));
      return columns[index]?.right === true ? space + cell : cell + space;
    }).join("  ").trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)].join("\n");
}

/** Names and values, the values aligned; values of several lines stay in their column. */
export function formatPairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  const widest = Math.max(0, ...pairs.map(([name]) => width(name)));
  return pairs.map(([name, value]) => {
    const lines = value.split("\n");
    return lines.map((line, index) =>
      `${index === 0 ? name + " ".repeat(widest - width(name)) : " ".repeat(widest)}  ${line}`
    ).join("\n").trimEnd();
  }).join("\n");
}

function width(text: string): number {
  return [...text].length;
}
