/**
 * The two servers under torture with their link, their guest and the record of what was promised.
 *
 * @module
 */

import { initAuthority, issueToServer } from "../../engine/host/pki.ts";
import { nbdUri } from "../../engine/host/nbd/uri.ts";
import { createHome, nbdSocket } from "../../engine/agent/home.ts";
import { fieldsOf, textOf } from "../../engine/agent/command/value.ts";
import { AgentProcess, type LogLine } from "./agent_process.ts";
import { Relay } from "./relay.ts";
import { BLOCK, writeStamp } from "./stamp.ts";
import { WriteLog } from "./write_log.ts";
import { Writer } from "./writer.ts";

/** The machine. */
export const VM = "victim";
/** How long a server may take to come up, and a cycle to be acknowledged, ms. */
const PATIENCE = 90_000;

/** Which server. */
export type Role = "primary" | "replica";

/** What a returned cycle promised about its point. */
export interface Promised {
  readonly point: string;
  /** When it was asked for and when the answer was here, ms. */
  readonly askedAt: number;
  readonly returnedAt: number;
}

/** What one cut of a primary sent. */
export interface Attempt {
  /** Bytes of blocks. */
  bytes: number;
  /** Whether nothing of this process was staged before: what a kill left in doubt is still compared. */
  readonly compares: boolean;
}

/** How a theatre is built. */
export interface TheatreOptions {
  readonly folder: string;
  /** Blocks of the disk, and how many of them hold something at first. */
  readonly blocks: number;
  readonly stamped: number;
  readonly seed: number;
}

/** Everything that plays. */
export class Theatre {
  readonly folder: string;
  readonly image: string;
  readonly relay = new Relay();
  readonly log: WriteLog;
  readonly writer: Writer;
  /** Cycles that returned, oldest first. */
  readonly promised: Promised[] = [];
  /** Bytes of blocks that travelled, of all primaries so far. */
  readonly past = { bytes: 0, wire: 0 };
  /** The same by cut, see `attempts`. */
  readonly pastAttempts: Attempt[] = [];
  readonly #servers = new Map<Role, AgentProcess>();

  private constructor(options: TheatreOptions) {
    this.folder = options.folder;
    this.image = `${options.folder}/disk.img`;
    this.log = new WriteLog(options.blocks, options.stamped);
    this.writer = new Writer(this.uri("primary"), this.log, options.blocks, options.seed);
  }

  /** Makes homes, certificates and the disk, and starts both servers. */
  static async open(options: TheatreOptions): Promise<Theatre> {
    const theatre = new Theatre(options);
    try {
      makeDisk(theatre.image, options);
      await initAuthority(`${options.folder}/ca`);
      for (const role of ["primary", "replica"] as const) {
        await createHome(theatre.data(role), { name: role, listen: "127.0.0.1:0" });
        await issueToServer(`${options.folder}/ca`, theatre.data(role));
      }
      await Promise.all([theatre.start("primary"), theatre.start("replica")]);
      return theatre;
    } catch (error) {
      await theatre.close();
      throw error;
    }
  }

  /** Kills whatever still runs and ends the link. */
  async close(): Promise<void> {
    const killed = [...this.#servers.values()].map((server) => server.kill());
    await Promise.all(killed);
    await this.writer.stop();
    await this.relay.close();
  }

  /** The home of a server. */
  data(role: Role): string {
    return `${this.folder}/${role}`;
  }

  /** The machine's export at a server. */
  uri(role: Role): string {
    return nbdUri({ transport: "unix", path: nbdSocket(this.data(role)) }, `${VM}/0`);
  }

  /** The running server. */
  server(role: Role): AgentProcess {
    const server = this.#servers.get(role);
    if (server === undefined) throw new Error(`No ${role} runs`);
    return server;
  }

  /** Starts a server without waiting for it. */
  spawn(role: Role): AgentProcess {
    const server = AgentProcess.spawn(this.data(role));
    this.#servers.set(role, server);
    return server;
  }

  /** Starts a server and waits until it is ready. */
  async start(role: Role): Promise<AgentProcess> {
    const server = this.spawn(role);
    const port = await server.ready;
    if (port === undefined) {
      throw new Error(`The ${role} did not start: ${JSON.stringify(server.lines.slice(-3))}`);
    }
    if (role === "replica") this.relay.target = port;
    return server;
  }

  /** Kills a server; its counters are added up before they are gone with it. */
  async kill(role: Role): Promise<void> {
    const server = this.server(role);
    await server.kill();
    this.#servers.delete(role);
    if (role === "primary") this.#count(server);
  }

  #count(server: AgentProcess): void {
    this.pastAttempts.push(...attemptsOf(server.lines));
    for (const { event, fields } of server.lines) {
      if (event !== "sent") continue;
      this.past.bytes += Number(fields["bytes"]);
      this.past.wire += Number(fields["wire"]);
    }
  }

  /** What travelled for each cut, of all primaries; the last one may still grow. */
  attempts(): readonly Attempt[] {
    const running = this.#servers.get("primary");
    return running === undefined
      ? this.pastAttempts
      : [...this.pastAttempts, ...attemptsOf(running.lines)];
  }

  /** Bytes of blocks that travelled until this moment. */
  bytesSent(): number {
    const running = this.#servers.get("primary");
    if (running === undefined) return this.past.bytes;
    return running.lines.filter(({ event }) => event === "sent")
      .reduce((sum, { fields }) => sum + Number(fields["bytes"]), this.past.bytes);
  }

  /** Stops both in order; returns their exit codes. */
  async stop(): Promise<number[]> {
    const codes: number[] = [];
    for (const role of ["primary", "replica"] as const) {
      const server = this.server(role);
      codes.push(await server.stop());
      this.#servers.delete(role);
      if (role === "primary") this.#count(server);
    }
    return codes;
  }

  /** Adds the machine, lets its guest write, and begins initial replication. */
  async protect(): Promise<void> {
    const primary = this.server("primary");
    await primary.call("vm add", { vm: VM, disks: [this.image] });
    this.writer.start();
    // Only the test asks for cycles, beside the one that each start of the primary makes by itself.
    const settings = { to: this.relay.address, frequency: 3_600_000_000, retention: "last 20" };
    await primary.call("replication enable", { vm: VM, ...settings });
    await primary.call("replication start", { vm: VM });
  }

  /** Asks for one cycle; `undefined` when it did not return a point. */
  async cycle(): Promise<Promised | undefined> {
    const askedAt = performance.now();
    try {
      const answer = fieldsOf(await this.server("primary").call("replication cycle", { vm: VM }));
      const promised = { point: textOf(answer["point"]), askedAt, returnedAt: performance.now() };
      this.promised.push(promised);
      return promised;
    } catch (error) {
      // Somebody was killed, or the other side is not up again yet.
      if (error instanceof Error && error.name === "ProblemError") return undefined;
      throw error;
    }
  }

  /** Asks until a cycle returns its point. */
  async cycleAtLast(): Promise<Promised> {
    const began = performance.now();
    for (;;) {
      const promised = await this.cycle();
      if (promised !== undefined) return promised;
      if (performance.now() - began > PATIENCE) {
        const lines = this.server("primary").lines.filter(isTold).slice(-4);
        throw new Error(`No cycle succeeds any more: ${JSON.stringify(lines)}`);
      }
      await pause(50);
    }
  }

  /** Resolves when initial replication has ended. */
  async replicated(): Promise<void> {
    const began = performance.now();
    for (;;) {
      const status = fieldsOf(await this.server("primary").call("replication status", { vm: VM }));
      if (status["state"] === "Replicating") return;
      if (performance.now() - began > PATIENCE) {
        throw new Error(`Initial replication does not end: ${JSON.stringify(status)}`);
      }
      await pause(50);
    }
  }
}

/** What one process sent before its first cut, and for each cut. */
function attemptsOf(lines: readonly LogLine[]): Attempt[] {
  let attempt: Attempt = { bytes: 0, compares: true };
  const attempts = [attempt];
  // A point that an earlier process had cut may be said to be staged, too: that settles no doubt of this one.
  const cuts = new Set<unknown>();
  let compares = true;
  for (const { event, fields } of lines) {
    if (event === "staged" && cuts.has(fields["point"])) compares = false;
    if (event === "cut") {
      cuts.add(fields["point"]);
      attempt = { bytes: 0, compares };
      attempts.push(attempt);
    }
    if (event === "sent") attempt.bytes += Number(fields["bytes"]);
  }
  return attempts;
}

function isTold({ event }: LogLine): boolean {
  return event !== "sent" && event !== "cut";
}

/** A disk whose first `stamped` blocks hold stamps of write 0 and whose rest is a hole. */
function makeDisk(image: string, { blocks, stamped }: TheatreOptions): void {
  const piece = new Uint8Array(256 * BLOCK);
  const file = Deno.openSync(image, { write: true, createNew: true });
  try {
    for (let block = 0; block < stamped; block += 256) {
      for (let past = 0; past < 256; past++) {
        writeStamp(piece.subarray(past * BLOCK, (past + 1) * BLOCK), 0, block + past);
      }
      file.writeSync(piece);
    }
    file.truncateSync(blocks * BLOCK);
  } finally {
    file.close();
  }
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
