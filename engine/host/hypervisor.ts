/**
 * The administrator's own commands, by which machines are frozen, thawed, started, stopped and
 * asked.
 *
 * A command runs by `/bin/sh -c` with these variables beside the server's own:
 *
 * | variable | holds |
 * |---|---|
 * | `WARMSITE_VM` | the machine's name |
 * | `WARMSITE_URIS` | for `start`: the NBD URIs of its disks, separated by spaces |
 * | `WARMSITE_URI_0`, `_1`, … | the same, one by one |
 *
 * Exit status 0 is success; what it prints on stderr becomes the reason otherwise. `status` prints
 * `running` or `stopped` on its first line; anything else means that nobody knows.
 *
 * Rule: bounded in time and output. A command that takes too long is ended with all its children.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import { SECOND } from "../core/base/units.ts";
import type { Hypervisor, HypervisorVerb, MachinePower } from "../core/ports/hypervisor.ts";
import type { Task } from "../core/runtime/task.ts";
import { abortableTask } from "./real_loop.ts";

/** The administrator's commands; those that are absent are not configured. */
export interface HypervisorCommands {
  readonly freeze?: string;
  readonly thaw?: string;
  readonly start?: string;
  readonly stop?: string;
  readonly status?: string;
  /** How long each may take, µs; 30 s unless stated. */
  readonly timeout?: number;
}

/** Bytes of a command's output that are kept. */
const OUTPUT_MAX = 16 * 1024;

/**
 * A `Hypervisor` that runs commands. `commandsOf` is asked before each, so that settings may
 * change.
 */
export class CommandHypervisor implements Hypervisor {
  readonly #commandsOf: (machine: string) => HypervisorCommands;

  constructor(commandsOf: (machine: string) => HypervisorCommands) {
    this.#commandsOf = commandsOf;
  }

  *freeze(machine: string): Task<void> {
    yield* this.#run("freeze", machine);
  }

  *thaw(machine: string): Task<void> {
    yield* this.#run("thaw", machine);
  }

  *start(machine: string, uris: readonly string[]): Task<void> {
    yield* this.#run("start", machine, uris);
  }

  *stop(machine: string): Task<void> {
    yield* this.#run("stop", machine);
  }

  *status(machine: string): Task<MachinePower> {
    if (this.#commandsOf(machine).status === undefined) return "unknown";
    const word = (yield* this.#run("status", machine)).split("\n", 1)[0]?.trim();
    return word === "running" || word === "stopped" ? word : "unknown";
  }

  *#run(verb: HypervisorVerb, machine: string, uris: readonly string[] = []): Task<string> {
    const commands = this.#commandsOf(machine);
    const command = commands[verb];
    if (command === undefined) {
      throw localFailure(
        "hypervisor",
        `No command is set to ${verb} "${machine}"`,
        `Set one in the server's settings, or do without`,
      );
    }
    const env: Record<string, string> = { WARMSITE_VM: machine, WARMSITE_URIS: uris.join(" ") };
    for (const [at, uri] of uris.entries()) env[`WARMSITE_URI_${at}`] = uri;
    const limit = commands.timeout ?? 30 * SECOND;
    const result = yield* abortableTask((signal) => runCommand(command, env, limit, signal));
    if (result.code === 0) return result.output;
    const what = `The command to ${verb} "${machine}"`;
    throw localFailure(
      "hypervisor",
      result.code === undefined
        ? `${what} took longer than ${limit / SECOND} s`
        : `${what} failed with status ${result.code}: ${result.errors.trim() || "no reason given"}`,
      `Run it by hand: ${command}`,
    );
  }
}

interface CommandResult {
  /** `undefined` when it was ended because time was up. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

async function runCommand(
  command: string,
  env: Record<string, string>,
  limit: number,
  signal: AbortSignal,
): Promise<CommandResult> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", command],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // A process group of its own, so that its children end with it.
    detached: true,
  }).spawn();
  let late = false;
  const end = () => {
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(() => {
    late = true;
    end();
  }, Math.ceil(limit / 1000));
  signal.addEventListener("abort", end);
  try {
    const [output, errors, status] = await Promise.all([
      firstBytes(child.stdout),
      firstBytes(child.stderr),
      child.status,
    ]);
    return { code: late ? undefined : status.code, output, errors };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** Reads to the end, so that the command never waits for a reader, and keeps the beginning. */
async function firstBytes(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    if (text.length < OUTPUT_MAX) text += decoder.decode(chunk, { stream: true });
  }
  return text.slice(0, OUTPUT_MAX);
}
