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
}

/** How it is called. */
export const USAGE = "deno task prove [--runs N | --minutes M] [--seed S] [--jobs J] " +
  "[--planted] [--trace] [--json]";

/** Runs when nothing is said. */
const RUNS_DEFAULT = 2000;
/** Runs within which a planted bug must be found. */
export const PLANTED_RUNS = 10_000;

/** The options in `args`, or what is wrong with them. */
export function parseOptions(args: readonly string[], cores: number): ProveOptions | string {
  const numbers = new Map<string, number>();
  const flags = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at] as string;
    if (["--planted", "--trace", "--json"].includes(name)) flags.add(name);
    else if (["--runs", "--minutes", "--seed", "--jobs"].includes(name)) {
      const value = Number(args[++at]);
      const sound = name === "--minutes" ? value > 0 : Number.isSafeInteger(value) && value >= 0;
      if (!sound) return `${name} wants a number`;
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
  };
}
