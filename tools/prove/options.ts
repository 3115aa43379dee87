/**
 * Options of `deno task prove`.
 *
 * @module
 */

/** What is asked for. */
export interface ProveOptions {
  /** How many runs; as many as fit when minutes are given. */
  readonly runs: number;
  /** For how long, minutes; 0: until the runs are done. */
  readonly minutes: number;
  readonly seed: number;
  readonly jobs: number;
  readonly planted: boolean;
  readonly trace: boolean;
  readonly json: boolean;
  /** Nothing is run: how it is called is told. */
  readonly help: boolean;
}

/** How it is called. */
export const USAGE = "deno task prove [--runs N | --minutes M] [--seed S] [--jobs J] " +
  "[--planted] [--trace] [--json]";

/** Shown for `--help`. */
export const HELP = `${USAGE}

Looks for schedules of faults under which an invariant does not hold. What is found is shrunk, told,
and kept in scenarios/regressions; the exit code is 1 then.

  --runs N      so many runs, each of the next seed (2000; 10000 for each planted bug)
  --minutes M   as many runs as fit in M minutes
  --seed S      the first seed (1)
  --jobs J      so many workers (one for each core)
  --planted     plant each bug of test/planted in turn and look for it: the table of docs/PROOF.md,
                within 5 minutes unless --minutes says otherwise
  --trace       tell all that happens in the run of the seed, and its hash
  --json        one JSON document in place of text

Replay what was found: deno task prove --seed S --runs 1`;

/** Runs when nothing is said. */
const RUNS_DEFAULT = 2000;
/** Runs within which a planted bug must be found. */
export const PLANTED_RUNS = 10_000;

/** Minutes within which all planted bugs must be found, on two cores. */
export const PLANTED_MINUTES = 5;

const FLAGS: readonly string[] = ["--planted", "--trace", "--json", "--help"];

/** What each number must look like, the smallest that makes sense, and what it is in words. */
const NUMBERS: ReadonlyMap<string, readonly [RegExp, number, string]> = new Map([
  ["--runs", [/^\d+$/, 1, "a number of runs, 1 or more"]],
  ["--minutes", [/^\d*\.?\d+$/, Number.MIN_VALUE, "a number of minutes above 0"]],
  ["--seed", [/^\d+$/, 0, "a whole number, 0 or more"]],
  ["--jobs", [/^\d+$/, 1, "a number of workers, 1 or more"]],
]);

/** The options in `args`, or what is wrong with them. */
export function parseOptions(args: readonly string[], cores: number): ProveOptions | string {
  const numbers = new Map<string, number>();
  const flags = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at] as string;
    if (numbers.has(name) || flags.has(name)) return `${name} is there twice`;
    const number = NUMBERS.get(name);
    if (FLAGS.includes(name)) flags.add(name);
    else if (number !== undefined) {
      const [form, least, words] = number;
      const text = args[++at];
      const value = Number(text);
      const sound = text !== undefined && form.test(text) && value >= least &&
        value <= Number.MAX_SAFE_INTEGER;
      if (!sound) return `${name} wants ${words}`;
      numbers.set(name, value);
    } else return `No option ${name}`;
  }
  const minutes = numbers.get("--minutes") ?? 0;
  const usual = flags.has("--planted") ? PLANTED_RUNS : RUNS_DEFAULT;
  const runs = numbers.get("--runs") ?? (minutes > 0 ? Number.MAX_SAFE_INTEGER : usual);
  const jobs = Math.max(1, Math.min(numbers.get("--jobs") ?? cores, runs));
  return {
    runs,
    minutes,
    seed: numbers.get("--seed") ?? 1,
    jobs,
    planted: flags.has("--planted"),
    trace: flags.has("--trace"),
    json: flags.has("--json"),
    help: flags.has("--help"),
  };
}
