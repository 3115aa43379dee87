/**
 * A page of documentation as a session: its console blocks are typed, line by line, and what the program
 * prints is held against what the page says.
 *
 * In a block ```console a line `a$ COMMAND` is typed on host `a`; the lines up to the next one are what it
 * prints, where `…` stands for anything within a line and a line of it alone for any lines; where there are none it
 * prints nothing. A comment `<!-- do: … -->` is done in between: what no command does, like a guest that writes or
 * a site that burns.
 *
 * @module
 */

/** One step of a page. */
export type Step =
  | { readonly kind: "do"; readonly words: readonly string[]; readonly line: number }
  | {
    readonly kind: "type";
    readonly host: string;
    readonly command: string;
    readonly expected: readonly string[];
    readonly line: number;
  };

/** The steps of a page, in order. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  let block: { host: string; command: string; expected: string[]; line: number } | undefined;
  let inside = false;
  const end = () => {
    if (block !== undefined) steps.push({ kind: "type", ...block });
    block = undefined;
  };
  for (const [index, text] of page.split("\n").entries()) {
    const line = index + 1;
    const directive = /^<!-- do: (.+) -->$/.exec(text)?.[1];
    if (directive !== undefined) steps.push({ kind: "do", words: directive.split(" "), line });
    if (text.startsWith("```")) {
      end();
      inside = text === "```console";
      continue;
    }
    if (!inside) continue;
    const typed = /^(\w+)\$ (.+)$/.exec(text);
    if (typed !== null) {
      end();
      block = { host: typed[1] as string, command: typed[2] as string, expected: [], line };
    } else block?.expected.push(text);
  }
  return steps;
}

/** The words of a command line; quotes keep spaces. */
export function wordsOf(command: string): string[] {
  return [...command.replace(/\s+#.*$/, "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) =>
    match[1] ?? match[2] ?? match[3] ?? ""
  );
}

/** The first line that was printed otherwise than the page says, told to people; "" when all is as it says. */
export function firstDifference(printed: string, expected: readonly string[]): string {
  const lines = printed.replace(/\n$/, "").split("\n");
  const pattern = (expected.length === 0 ? [""] : expected).map((line) =>
    line.trim() === "…"
      ? "(?:.*\\n)*?.*"
      : line.trimEnd().split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(
        ".*",
      )
  ).join("\\n");
  if (new RegExp(`^${pattern}$`).test(lines.map((line) => line.trimEnd()).join("\n"))) return "";
  return `the page says\n${expected.join("\n")}\nand it prints\n${lines.join("\n")}`;
}
