/**
 * A server in a process of its own under torture: started, asked, watched by its log, and killed.
 *
 * Rule: its log lines are what evidence of a phase is taken from. They are written at once, so that
 * what a killed process had said is all there when its stream has ended.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Value, ValueObject } from "../../engine/agent/command/command.ts";
import { callServer } from "../../engine/agent/management/client.ts";

const MAIN = fileURLToPath(new URL("../../engine/agent/main.ts", import.meta.url));

/** One line of a server's log. */
export interface LogLine {
  /** When it was read here, ms of `performance.now`. */
  readonly at: number;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How to ask a stream of lines for one of them. */
export type LinePredicate = (line: LogLine) => boolean;

/** A `warmsite serve` of this test. */
export class AgentProcess {
  readonly data: string;
  /** Every line of the log so far. */
  readonly lines: LogLine[] = [];
  /** Resolves with the inbound port when the server is ready, with `undefined` when it ended before. */
  readonly ready: Promise<number | undefined>;
  /** True once it said that it is ready. */
  isReady = false;
  /** True once its log has ended. */
  isGone = false;
  readonly #child: Deno.ChildProcess;
  readonly #logged: Promise<void>;
  readonly #watchers = new Set<() => void>();

  private constructor(data: string, child: Deno.ChildProcess) {
    this.data = data;
    this.#child = child;
    this.#logged = this.#readLog();
    this.ready = this.#readReady();
  }

  /** Starts a server on the home `data`. */
  static spawn(data: string): AgentProcess {
    const args = ["run", "--quiet", "-A", MAIN, "serve", "--data", data];
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, "--json", "--log", "json", "--verbose"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new AgentProcess(data, child);
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Asks it to do a verb; throws its problem. */
  call(verb: string, args: ValueObject): Promise<Value> {
    return callServer(this.data, verb, args);
  }

  /** The first line from number `from` on that fits; `undefined` when the process ends before. */
  async line(from: number, fits: LinePredicate): Promise<LogLine | undefined> {
    for (let next = from;;) {
      for (; next < this.lines.length; next++) {
        const line = this.lines[next];
        if (line !== undefined && fits(line)) return line;
      }
      if (this.isGone) return undefined;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#watchers.delete(wake);
          resolve();
        };
        this.#watchers.add(wake);
      });
    }
  }

  /** True when a line from number `from` on fits. */
  said(from: number, fits: LinePredicate): boolean {
    return this.lines.slice(from).some(fits);
  }

  /** Kills it where it stands; when this returns, all that it said is here. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Stops it in order; returns its exit code. */
  async stop(): Promise<number> {
    return await this.#end("SIGTERM");
  }

  async #end(signal: Deno.Signal): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    const { code } = await this.#child.status;
    await Promise.all([this.#logged, this.ready]);
    return code;
  }

  async #readLog(): Promise<void> {
    for await (const text of linesOf(this.#child.stderr)) {
      const { event, ...fields } = parse(text);
      this.lines.push({ at: performance.now(), event: String(event), fields });
      this.#wake();
    }
    this.isGone = true;
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  async #readReady(): Promise<number | undefined> {
    let port: number | undefined;
    for await (const text of linesOf(this.#child.stdout)) {
      const { port: said, ...others } = parse(text);
      if (typeof said !== "number") {
        // With --json, the reason not to start is one line on standard output.
        this.lines.push({ at: performance.now(), event: "not-started", fields: others });
        continue;
      }
      port = said;
      this.isReady = true;
      break;
    }
    return port;
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A bug's stack, or the runtime's own words.
    return { event: "text", text };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
