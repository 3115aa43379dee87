/**
 * The server's log on standard error: what the engine observes, one line each, as JSON or as text.
 *
 * Rule: logging never stops the server; a log that nobody reads any more is written to nobody.
 *
 * @module
 */

import type { Failure } from "../../core/base/failure.ts";
import type { EngineEvent, Observer } from "../../core/ports/observer.ts";
import type { Value, ValueObject } from "../command/command.ts";

/** How lines look. */
export type LogFormat = "json" | "text";

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where lines go, each with its line end. */
export type LogSink = (line: string) => void;

/** Writes lines. */
export class Log implements Observer {
  readonly #format: LogFormat;
  readonly #sink: LogSink;
  readonly #verbose: boolean;

  constructor(format: LogFormat, sink: LogSink, verbose = false) {
    this.#format = format;
    this.#sink = sink;
    this.#verbose = verbose;
  }

  /** See `Observer`. Coverage probes are for simulation alone. */
  emit(event: EngineEvent): void {
    if (event.kind === "probe") return;
    const { kind, ...fields } = event;
    this.write(levelOf(event), kind, describe(event), fields as ValueObject);
  }

  /** One line: `message` for people, `fields` for machines. */
  write(level: LogLevel, event: string, message: string, fields: ValueObject = {}): void {
    if (level === "debug" && !this.#verbose) return;
    const time = new Date().toISOString();
    const line = this.#format === "json"
      ? JSON.stringify({ time, level, event, message, ...fields })
      : `${time} ${level.padEnd(5)} ${message}`;
    this.#sink(`${line}\n`);
  }

  /** A failure that is not an event of the engine. */
  failure(event: string, failure: Failure, fields: ValueObject = {}): void {
    this.write("error", event, sentence(failure), { ...fields, failure: { ...failure } as Value });
  }
}

function levelOf(event: EngineEvent): LogLevel {
  switch (event.kind) {
    case "failure":
      return "error";
    case "cut-failed":
    case "view-given-up":
    case "freeze-failed":
    case "disconnected":
      return "warn";
    case "sent":
    case "cut":
    case "applied":
    case "dropped":
      return "debug";
    default:
      return "info";
  }
}

function describe(event: Exclude<EngineEvent, { kind: "probe" }>): string {
  switch (event.kind) {
    case "state":
      return `${event.machine}: ${event.from} -> ${event.to}`;
    case "failure":
      return `${event.machine}: ${sentence(event.failure)}`;
    case "cut":
      return `${event.machine}: cut ${event.point}, ${event.bytes} bytes to send`;
    case "cut-failed":
      return `${event.machine}: the cut failed: ${event.reason}`;
    case "freeze-failed":
      return `${event.machine}: the point is crash-consistent only: ${sentence(event.failure)}`;
    case "view-given-up":
      return `${event.machine}: gave the frozen view up: ${event.reason}`;
    case "sent":
      return `${event.machine}: sent ${event.bytes} bytes as ${event.wire}`;
    case "staged":
      return `${event.machine}: recovery point ${event.point} is staged`;
    case "applied":
      return `${event.machine}: recovery point ${event.point} is applied`;
    case "dropped":
      return `${event.machine}: recovery point ${event.point} was dropped`;
    case "connected":
      return `Connected with ${event.peer}`;
    case "disconnected":
      return `Disconnected from ${event.peer}: ${event.reason}`;
    case "failover":
      return `${event.machine}: failover to ${event.point} ${event.step}`;
  }
}

function sentence({ message, action }: Failure): string {
  return `${message}. ${action}`;
}

/** Lines to standard error, at once; trouble with it is nobody's. */
export function stderrSink(line: string): void {
  try {
    let bytes = new TextEncoder().encode(line);
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch {
    // Whoever read it is gone.
  }
}
