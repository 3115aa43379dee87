/**
 * The command line of `npm test`.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What the person asked for. */
export interface Options {
  /** Whether missing Debian packages may be installed. */
  readonly install: boolean;
  /** Only tests whose name has this text (or matches it, as `/pattern/`). */
  readonly filter: string | undefined;
  /** Only these groups; empty means all. */
  readonly only: readonly string[];
  readonly help: boolean;
}

/** Shown for `--help` and after a wrong flag. */
export const USAGE = `Usage: npm test -- [--no-install] [--filter TEXT] [--only GROUP[,GROUP]]

  --no-install   Install no Debian packages; tests that need them are skipped
  --filter TEXT  Run only tests whose name contains TEXT, or matches it as /PATTERN/
  --only GROUP   Run only this group: check, or a folder of test/

With CI=true a skipped test fails the run.`;

/**
 * Reads the flags in `args`.
 *
 * @throws {TypeError} On an unknown flag or one without its value.
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "no-install": { type: "boolean", default: false },
      filter: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    install: !values["no-install"],
    filter: values.filter,
    only: values.only.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    help: values.help,
  };
}
