/**
 * The command that makes the run of a report again.
 *
 * @module
 */

/** Plays `file`, a name of the library or the path of a scenario, with a seed: one line for a shell, in a checkout. */
export function rerunCommand(file: string, seed: number): string {
  return `sh tools/run drill ${shellWord(file)} --seed ${seed}`;
}

/** `text` as one word of a shell. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
