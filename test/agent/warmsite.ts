/**
 * The program as tests run it: commands that end, servers that run, and a folder for all of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../engine/agent/main.ts", import.meta.url));

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An object of JSON, as a test looks into it. */
// The shape is what the test is about.
// deno-lint-ignore no-explicit-any
export type JsonObject = Record<string, any>;

/** How a command is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Runs `warmsite ARGS` to its end. */
export async function warmsite(
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", MAIN, ...args],
    stdin: "null",
    env: { INIT_CWD: "", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs a command with `--json` that must succeed; returns the one value that it printed. */
export async function value(...args: string[]): Promise<JsonObject> {
  const result = await warmsite([...args, "--json"]);
  assert.equal(result.code, 0, `${args.join(" ")}: ${result.out}${result.err}`);
  return oneValue(result);
}

/** Runs a command with `--json` that must fail with exit code `code`; returns its error. */
export async function refusal(code: number, ...args: string[]): Promise<JsonObject> {
  const result = await warmsite([...args, "--json"]);
  assert.equal(result.code, code, `${args.join(" ")}: ${result.out}${result.err}`);
  const { error, ...others } = oneValue(result);
  assert.deepEqual(Object.keys(others), []);
  assert.deepEqual(Object.keys(error).sort(), ["action", "code", "message", "side"]);
  return error;
}

/** What standard output holds: exactly one value and nothing else. */
export function oneValue({ out }: CommandResult): JsonObject {
  assert.match(out, /^[^\n]+\n$/, "one line of JSON");
  return JSON.parse(out);
}

/** A `warmsite serve` that has printed up to `last`, or has ended. */
async function started(args: readonly string[], last: string): Promise<{
  readonly text: string;
  readonly child: Deno.ChildProcess;
  readonly logging: Promise<string>;
}> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", MAIN, "serve", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const logging = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(last)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return { text, child, logging };
}

/** A running `warmsite serve`. */
export class RunningServer {
  /** What it printed when it was ready. */
  readonly ready: JsonObject;
  readonly #child: Deno.ChildProcess;
  readonly #logging: Promise<string>;
  #code: number | undefined;

  private constructor(ready: JsonObject, child: Deno.ChildProcess, logging: Promise<string>) {
    this.ready = ready;
    this.#child = child;
    this.#logging = logging;
  }

  /** Starts `warmsite serve --data DATA ARGS` and waits until it is ready. */
  static async start(data: string, ...args: string[]): Promise<RunningServer> {
    const { text, child, logging } = await started(["--data", data, "--json", ...args], "\n");
    const ready = text === "" ? {} : JSON.parse(text);
    if (ready.listen !== undefined) return new RunningServer(ready, child, logging);
    await child.status;
    throw new Error(`serve did not start: ${text}${await logging}`);
  }

  /** The same for people: what it printed when it was ready is a text. */
  static async shown(
    data: string,
  ): Promise<{ readonly server: RunningServer; readonly text: string }> {
    const last = "SIGTERM stops it cleanly\n";
    const { text, child, logging } = await started(["--data", data], last);
    if (text.endsWith(last)) return { server: new RunningServer({}, child, logging), text };
    await child.status;
    throw new Error(`serve did not start: ${text}${await logging}`);
  }

  /** Where peers reach it. */
  get listen(): string {
    return this.ready["listen"];
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end; returns exit code and log. */
  async ended(): Promise<{ code: number; log: string }> {
    const { code } = await this.#child.status;
    this.#code = code;
    return { code, log: await this.#logging };
  }

  /** Ends it in order, or with `signal`; may be called again. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<{ code: number; log: string }> {
    try {
      if (this.#code === undefined) this.signal(signal);
    } catch {
      // It has ended by itself.
    }
    return await this.ended();
  }
}

/** A folder, and servers that are ended with it. */
export class Place {
  readonly folder: string;
  readonly #servers: RunningServer[] = [];

  constructor() {
    this.folder = Deno.makeTempDirSync({ prefix: "warmsite-test-" });
  }

  /** A path in it. */
  path(...names: string[]): string {
    return [this.folder, ...names].join("/");
  }

  /** A new sparse image. */
  image(name: string, size: number): string {
    const file = this.path(name);
    Deno.writeFileSync(file, new Uint8Array(0));
    Deno.truncateSync(file, size);
    return file;
  }

  /** Makes an authority and the homes of servers, each with its certificate. */
  async homes(...names: string[]): Promise<string[]> {
    await value("pki", "ca", "--out", this.path("ca"));
    return await Promise.all(names.map((name) => this.home(name)));
  }

  /** Makes one more home. */
  async home(name: string, listen = "127.0.0.1:0"): Promise<string> {
    const data = this.path(name);
    await value("init", "--data", data, "--name", name, "--listen", listen);
    await value("pki", "issue", "--ca", this.path("ca"), "--data", data);
    return data;
  }

  /** Starts a server that is ended with the place. */
  async serve(data: string, ...args: string[]): Promise<RunningServer> {
    const server = await RunningServer.start(data, ...args);
    this.#servers.push(server);
    return server;
  }

  /** The same, and what it printed for people when it was ready. */
  async serveShown(data: string): Promise<{ server: RunningServer; text: string }> {
    const shown = await RunningServer.shown(data);
    this.#servers.push(shown.server);
    return shown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.end("SIGKILL")));
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Asks again until `condition` holds of the answer; fails after `most` ms, which is patience and claims nothing. */
export async function until<T>(
  ask: () => Promise<T>,
  condition: (answer: T) => boolean,
  most = 120_000,
): Promise<T> {
  const limit = performance.now() + most;
  for (;;) {
    const answer = await ask();
    if (condition(answer)) return answer;
    assert.ok(performance.now() < limit, `never came about: ${JSON.stringify(answer)}`);
  }
}
