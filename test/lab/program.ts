/**
 * The lab's commands as people run them: real processes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a file of the repository to its end. */
export async function run(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${ROOT}${file}`, ...args],
    stdin: "null",
    env: { INIT_CWD: "", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** A temporary folder that goes when it is disposed of. */
export class Place {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "warmsite-lab-" });

  /** A path in it. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** A short drill that passes, with `end` as its last line. */
export const FIRE = `name: fire
title: The first site burns
seed: 4
story: |
  The site burns four minutes in.
world:
  machines:
    erp:
      disks: [16MiB]
      workloads: [{ rate: 128KiB/s, size: 16KiB }]
      replication: { frequency: 1m }
      objective: { rpo: 2m, rto: 10m }
script:
  - { at: 4m, fault: site.fire, on: a }
  - { at: 5m, do: failover start, vm: erp }
expect:
  - { vm: erp, rpo: { max: 2m }, rto: { max: 5m } }
  - { invariants: all }
end: 7m
`;
