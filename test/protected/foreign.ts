/**
 * Other people's programs: run to their end, or kept running beside a test.
 *
 * @module
 */

import assert from "node:assert/strict";

/** What came of a foreign program. */
export interface Ran {
  readonly code: number;
  /** Both outputs, for messages. */
  readonly text: string;
}

/** Where losetup and mkfs live is not on every user's PATH. */
export const PATH = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;

/** Runs a program to its end, in the folder `cwd`: some leave files where they are. */
export async function run(program: string, args: readonly string[], cwd?: string): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { PATH, LC_ALL: "C" },
    stdin: "null",
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The same; throws with what it printed when it fails. */
export async function mustRun(program: string, ...args: string[]): Promise<string> {
  const { code, text } = await run(program, args);
  assert.equal(code, 0, `${program} ${args.join(" ")}: exit code ${code}\n${text}`);
  return text;
}

/** A program that runs beside a test. */
export class Beside {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<Deno.CommandOutput>;
  #ended = false;

  private constructor(name: string, child: Deno.ChildProcess) {
    this.#name = name;
    this.#child = child;
    this.#output = child.output().finally(() => this.#ended = true);
  }

  /** Starts it. */
  static start(program: string, args: readonly string[], cwd?: string): Beside {
    const child = new Deno.Command(program, {
      args: [...args],
      env: { PATH, LC_ALL: "C" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
    return new Beside(program, child);
  }

  /** True once it is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Waits until it `is` as it should be, or has ended, which throws what it printed. */
  async until(is: () => boolean): Promise<void> {
    for (const end = performance.now() + 120_000; !is();) {
      if (this.#ended) throw new Error(`${this.#name} ended: ${(await this.end()).text}`);
      assert.ok(performance.now() < end, `${this.#name} did not get ready`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Sends `signal`, if any and if it still runs, and waits for its end. */
  async end(signal?: Deno.Signal): Promise<Ran> {
    if (signal !== undefined && !this.#ended) {
      try {
        this.#child.kill(signal);
      } catch {
        // It ended just before.
      }
    }
    const { code, stdout, stderr } = await this.#output;
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  }
}
