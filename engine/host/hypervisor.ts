/**
 * The administrator's own commands, by which machines are frozen, thawed, started, stopped and
 * asked.
 *
 * A command runs by `/bin/sh -c` with these variables beside the server's own:
 *
 * | variable | holds |
 * |---|---|
 * | `WARMSITE_VM` | the machine's name |
 * | `WARMSITE_ACTION` | `freeze`, `thaw`, `start`, `stop` or `status` |
 * | `WARMSITE_URIS` | the NBD URIs of its disks, one a line |
 * | `WARMSITE_URI_0`, `_1`, … | the same, one by one |
 * | `WARMSITE_POINT` | the recovery point that it is brought up on, if it is |
 * | `WARMSITE_TEST` | `1` for a machine that tests a failover |
 *
 * Exit status 0 is success; what it prints on stderr, or else on stdout, becomes the reason otherwise.
 * `thaw` exits with 3 when the guest was not frozen any more. `status` prints `running` or `stopped` on
 * its first line; anything else means that nobody knows.
 *
 * Rule: bounded in time and output. A command that takes too long is ended with all its children; what
 * one that has ended left running goes on, for that is how machines are started.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import { SECOND } from "../core/base/units.ts";
import type {
  FreezeEnd,
  Hypervisor,
  HypervisorCall,
  HypervisorVerb,
  MachinePower,
} from "../core/ports/hypervisor.ts";
import type { Task } from "../core/runtime/task.ts";
import { abortableTask, promiseTask } from "./real_loop.ts";

/** Bytes of a command's output that are kept. */
const OUTPUT_MAX = 16 * 1024;
/** Characters of it that a failure shows. */
const REASON_MAX = 500;
/** How long its output is waited for once a command has ended, ms: a machine that it started may hold it. */
const OUTPUT_GRACE = 250;
/** The exit status by which `thaw` says that the guest was not frozen any more. */
const NOT_FROZEN = 3;

/** The address at which a guest reaches an export, e.g. `db/0`. */
export type UriOf = (disk: string) => string;

/** A `Hypervisor` that runs commands. */
export class CommandHypervisor implements Hypervisor {
  readonly #uriOf: UriOf;

  constructor(uriOf: UriOf) {
    this.#uriOf = uriOf;
  }

  *freeze(call: HypervisorCall): Task<void> {
    yield* this.#succeed("freeze", call);
  }

  *thaw(call: HypervisorCall): Task<FreezeEnd> {
    const result = yield* this.#run("thaw", call);
    if (result.code === NOT_FROZEN) return "broken";
    this.#check("thaw", call, result);
    return "held";
  }

  *start(call: HypervisorCall): Task<void> {
    yield* this.#succeed("start", call);
  }

  *stop(call: HypervisorCall): Task<void> {
    yield* this.#succeed("stop", call);
  }

  *status(call: HypervisorCall): Task<MachinePower> {
    const output = yield* this.#succeed("status", call);
    const word = output.split("\n", 1)[0]?.trim();
    return word === "running" || word === "stopped" ? word : "unknown";
  }

  *#succeed(verb: HypervisorVerb, call: HypervisorCall): Task<string> {
    const result = yield* this.#run(verb, call);
    this.#check(verb, call, result);
    return result.output;
  }

  #run(verb: HypervisorVerb, call: HypervisorCall): Task<CommandResult> {
    const uris = call.disks.map(this.#uriOf);
    const env: Record<string, string> = {
      WARMSITE_VM: call.machine,
      WARMSITE_ACTION: verb,
      WARMSITE_URIS: uris.join("\n"),
    };
    for (const [at, uri] of uris.entries()) env[`WARMSITE_URI_${at}`] = uri;
    if (call.point !== undefined) env["WARMSITE_POINT"] = call.point;
    if (call.test === true) env["WARMSITE_TEST"] = "1";
    const { command, limit } = call;
    // A thaw that was begun is finished, whoever stops meanwhile: a guest hangs until then.
    if (verb === "thaw") return promiseTask(() => runCommand(command, env, limit));
    return abortableTask((signal) => runCommand(command, env, limit, signal));
  }

  #check(
    verb: HypervisorVerb,
    { machine, command, limit }: HypervisorCall,
    { code, output, errors }: CommandResult,
  ): void {
    if (code === 0) return;
    const what = `The command to ${verb} "${machine}"`;
    const said = (errors.trim() || output.trim()).slice(0, REASON_MAX) || "it printed nothing";
    throw localFailure(
      "hypervisor",
      code === undefined
        ? `${what} took longer than ${limit / SECOND} s and was ended`
        : `${what} failed with status ${code}: ${said}`,
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
  signal?: AbortSignal,
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
  signal?.addEventListener("abort", end);
  const output = new Output(child.stdout);
  const errors = new Output(child.stderr);
  try {
    const { code } = await child.status;
    clearTimeout(timer);
    await Promise.all([output.settle(), errors.settle()]);
    return { code: late ? undefined : code, output: output.text, errors: errors.text };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

/** Reads on, so that a command never waits for a reader, and keeps the beginning. */
class Output {
  /** What came so far. */
  text = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #whole: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#whole = this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      if (this.text.length < OUTPUT_MAX) {
        this.text = (this.text + decoder.decode(value, { stream: true })).slice(0, OUTPUT_MAX);
      }
    }
  }

  /** The command has ended: what it printed is here soon, whoever else holds the other end. */
  async settle(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, OUTPUT_GRACE);
    });
    await Promise.race([this.#whole, over]);
    clearTimeout(timer);
    await this.#reader.cancel();
  }
}
