/**
 * How the run of a report is made again.
 *
 * @module
 */

/** Plays `file`, a name of the library or the path of a scenario, with a seed: one line for a shell, in a checkout. */
function rerunCommand(file: string, seed: number): string {
  return `sh tools/run drill ${shellWord(file)} --seed ${seed}`;
}

/** What makes a run again: what has to be done first, empty for nothing, and the command. */
export interface Rerun {
  readonly first: string;
  readonly command: string;
}

/** How a run is made again of a scenario that the command line finds as `file`, or, without one, that a report brings along. */
export function rerunOf(file: string | undefined, name: string, seed: number): Rerun {
  if (file !== undefined) return { first: "", command: rerunCommand(file, seed) };
  const saved = `${name}.yaml`;
  return {
    first: `Save the scenario at the end of this report as ${saved}`,
    command: rerunCommand(saved, seed),
  };
}

/** `text` as one word of a shell. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
