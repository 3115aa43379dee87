/**
 * A server in a process of its own, as the demo starts, asks and kills it.
 *
 * @module
 */

import * as fs from "node:fs";
import { Failed, localFailure } from "../../core/base/failure.ts";
import type { Value, ValueObject } from "../command/command.ts";
import { callServer } from "../management/client.ts";
import { selfCommand } from "./self.ts";

/** How long a server may take to start or to stop, ms. */
const WAIT_MAX = 20_000;

/** A running `warmsite serve`. */
export class ChildServer {
  /** Its home. */
  readonly data: string;
  /** Where peers reach it. */
  readonly listen: string;
  readonly #child: Deno.ChildProcess;
  readonly #logged: Promise<void>;

  private constructor(
    data: string,
    listen: string,
    child: Deno.ChildProcess,
    logged: Promise<void>,
  ) {
    this.data = data;
    this.listen = listen;
    this.#child = child;
    this.#logged = logged;
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Starts a server on the home `data` and waits until it is ready; its log goes to `data`.log. What
   * ends its process is told to `atEnd` before anything is waited for.
   */
  static async start(
    data: string,
    atEnd: (end: () => Promise<unknown>) => void,
  ): Promise<ChildServer> {
    const { program, args } = selfCommand();
    const child = new Deno.Command(program, {
      args: [...args, "serve", "--data", data, "--json", "--log", "json", "--until-eof"],
      // Held open by this process alone: however it ends, its servers notice and end too.
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const logged = saveLog(child.stderr, `${data}.log`);
    atEnd(() => endChild(child, "SIGTERM", logged));
    try {
      const ready = await firstLine(child.stdout);
      const { listen, error } = JSON.parse(ready) as {
        readonly listen?: string;
        readonly error?: { readonly message: string; readonly action: string };
      };
      if (listen !== undefined) return new ChildServer(data, listen, child, logged);
      throw localFailure(
        "io-error",
        error?.message ?? "no reason given",
        error?.action ?? `Look at ${data}.log`,
      );
    } catch (error) {
      await endChild(child, "SIGKILL", logged);
      const reason = error instanceof Failed ? error.failure.message : String(error);
      throw localFailure(
        "io-error",
        `The server on "${data}" did not start: ${reason}`,
        `Look at ${data}.log`,
      );
    }
  }

  /** Asks it to do a verb. */
  async call(verb: string, args: ValueObject): Promise<Value> {
    return await callServer(this.data, verb, args);
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    await endChild(this.#child, "SIGKILL", this.#logged);
  }
}

/** Ends a process, in order or not, and waits for it; may be repeated. */
async function endChild(
  child: Deno.ChildProcess,
  signal: Deno.Signal,
  logged: Promise<void>,
): Promise<void> {
  kill(child, signal);
  const timer = setTimeout(() => kill(child, "SIGKILL"), WAIT_MAX);
  await child.status;
  clearTimeout(timer);
  await logged;
  // Fails when it was closed before, or when the child has closed its end.
  await child.stdin.close().catch(() => {});
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended by itself.
  }
}

async function saveLog(stream: ReadableStream<Uint8Array>, file: string): Promise<void> {
  const descriptor = fs.openSync(file, "a", 0o600);
  try {
    for await (const chunk of stream) fs.writeSync(descriptor, chunk);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The first line of a stream; the rest is read and dropped, so that the child never blocks. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready in ${WAIT_MAX / 1000} s`)), WAIT_MAX);
  });
  try {
    while (!text.includes("\n")) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      text += value;
    }
  } finally {
    clearTimeout(timer);
  }
  void drain(reader);
  return text.split("\n", 1)[0] || '{"error":{"message":"it ended and said nothing","action":""}}';
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
