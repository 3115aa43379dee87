/**
 * The life of `warmsite serve`: start, say where, run until a signal, stop within a deadline.
 *
 * @module
 */

import { parseAddress } from "../../host/address.ts";
import type { TcpAddress } from "../../host/nbd/listen.ts";
import { type NbdAddress, nbdUri } from "../../host/nbd/uri.ts";
import type { Terminal, ValueObject } from "../command/command.ts";
import { managementSocket } from "../home.ts";
import { EXIT, problemOf } from "../problem.ts";
import { Log, type LogFormat, stderrSink } from "./log.ts";
import { Service } from "./service.ts";
import { listenToSignals } from "./signals.ts";

/** How long an orderly stop may take, ms. */
const STOP_MAX = 30_000;

/** How to serve. */
export interface ServeOptions {
  readonly data: string;
  readonly nbdTcp?: TcpAddress;
  readonly logFormat: LogFormat;
  readonly verbose: boolean;
  /** Stop when standard input ends: whoever started this process holds its other end. */
  readonly untilEof: boolean;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** Serves until told to stop; returns the exit code. Start failures are thrown. */
export async function serve(options: ServeOptions): Promise<number> {
  const { data, nbdTcp, terminal } = options;
  const log = new Log(options.logFormat, stderrSink, options.verbose);
  const service = await Service.start({
    data,
    log,
    panic,
    ...(nbdTcp === undefined ? {} : { nbdTcp }),
  });
  const ready = describeReady(service, data);
  terminal.out(options.json ? `${JSON.stringify(ready)}\n` : `${readyText(service, data)}\n`);
  log.write("info", "started", `Server "${service.settings.name}" runs`, ready);
  const { promise: stopping, resolve: stop } = Promise.withResolvers<string>();
  if (options.untilEof) void inputEnd().then(() => stop("Standard input has ended"));
  const deafen = listenToSignals({
    stop,
    force(signal) {
      log.write("warn", "forced", `${signal} again: stopping at once`);
      Deno.exit(EXIT.failed);
    },
    reload: () => reload(service, log),
  });
  log.write("info", "stopping", `${await stopping}: stopping`);
  const clean = await stopWithin(service, log);
  deafen();
  if (clean) log.write("info", "stopped", "Stopped cleanly");
  return clean ? EXIT.done : EXIT.failed;

  /** A bug of ours: better down than on with corrupt state. */
  function panic(error: Error, task: string): void {
    log.write("error", "bug", `Bug in task "${task}": ${error.stack ?? error.message}`);
    Deno.exit(EXIT.failed);
  }
}

function reload(service: Service, log: Log): void {
  try {
    service.reloadCertificates();
    log.write("info", "certificates", "Read the certificates again");
  } catch (error) {
    const { message, action } = problemOf(error);
    log.write("error", "certificates", `Kept the old certificates: ${message}. ${action}`);
  }
}

/** Stops the service; whether it did in order. What fails is logged: standard output has its value. */
async function stopWithin(service: Service, log: Log): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      log.write("error", "stop-timeout", `Could not stop within ${STOP_MAX / 1000} s`);
      resolve(false);
    }, STOP_MAX);
  });
  const stopped = service.stop().then(() => true, (error: unknown) => {
    const { message, action } = problemOf(error);
    log.write("error", "stop-failed", `Could not stop in order: ${message}. ${action}`);
    return false;
  });
  const clean = await Promise.race([stopped, late]);
  clearTimeout(timer);
  return clean;
}

/** Resolves when nobody holds the other end of standard input any more. */
async function inputEnd(): Promise<void> {
  const scrap = new Uint8Array(512);
  try {
    while (await Deno.stdin.read(scrap) !== null);
  } catch {
    // Input that cannot be read has no other end.
  }
}

function describeReady(service: Service, data: string): ValueObject {
  return {
    name: service.settings.name,
    data,
    pid: Deno.pid,
    listen: service.listen,
    port: parseAddress(service.listen).port,
    management: managementSocket(data),
    nbd: service.nbd.map((address) => nbdPlace(address)),
  };
}

/** Where exports are, with `VM/0` standing for any. */
function nbdPlace(address: NbdAddress): string {
  return nbdUri(address, "VM/0");
}

function readyText(service: Service, data: string): string {
  const { port } = parseAddress(service.listen);
  return [
    `Server "${service.settings.name}" runs on ${data}`,
    `  Other servers connect to ${service.listen}: open inbound TCP port ${port} in the firewall`,
    ...service.nbd.map((address) => `  Guests attach to ${nbdPlace(address)}`),
    "  SIGTERM stops it cleanly",
  ].join("\n");
}
