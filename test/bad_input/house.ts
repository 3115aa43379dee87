/**
 * Two servers in this process on real files, sockets and certificates, for what is done to them behind
 * their backs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHome, nbdSocket } from "../../engine/agent/home.ts";
import type { Value, ValueObject } from "../../engine/agent/command/command.ts";
import { fieldsOf, rowsOf, textOf } from "../../engine/agent/command/value.ts";
import { callServer } from "../../engine/agent/management/client.ts";
import { exitCodeOf, type Problem, ProblemError } from "../../engine/agent/problem.ts";
import { Log } from "../../engine/agent/service/log.ts";
import { Service } from "../../engine/agent/service/service.ts";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { nbdUri } from "../../engine/host/nbd/uri.ts";
import { initAuthority, issueToServer } from "../../engine/host/pki.ts";

/** The machine. */
export const VM = "vm";
/** Bytes of its disk. */
export const SIZE = 4 * 1024 * 1024;
const HOUR = 3_600_000_000;

/** Which server. */
export type Role = "primary" | "replica";

/** One line of a log. */
export interface Line {
  readonly level: string;
  readonly event: string;
  readonly message: string;
}

/** A refused call. */
export interface Refusal extends Problem {
  readonly exitCode: number;
}

/** Both servers and a folder. */
export class House implements AsyncDisposable {
  readonly folder: string;
  /** Lines that matter to people (not debug), by server. */
  readonly lines: Record<Role, Line[]> = { primary: [], replica: [] };
  readonly #services = new Map<Role, Service>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes both homes and starts both servers. */
  static async open(): Promise<House> {
    const house = new House(Deno.makeTempDirSync({ dir: "/tmp", prefix: "bad-input-" }));
    await initAuthority(`${house.folder}/ca`);
    for (const role of ["primary", "replica"] as const) {
      await createHome(house.data(role), { name: role, listen: "127.0.0.1:0" });
      await issueToServer(`${house.folder}/ca`, house.data(role));
      await house.start(role);
    }
    // The replica keeps its port when it is started again: its settings name it.
    await house.stop("replica");
    const listen = house.#listen;
    const settings = { version: 1, name: "replica", listen };
    Deno.writeTextFileSync(`${house.data("replica")}/settings.json`, JSON.stringify(settings));
    await house.start("replica");
    return house;
  }

  #listen = "";

  /** The image that is the machine's disk. */
  get image(): string {
    return `${this.folder}/disk.img`;
  }

  /** A server's home. */
  data(role: Role): string {
    return `${this.folder}/${role}`;
  }

  /** The machine's folder at the replica. */
  get store(): string {
    return `${this.data("replica")}/replicas/${VM}`;
  }

  /** Where the replica listens, `host:port`. */
  get listen(): string {
    return this.#listen;
  }

  /** Starts a server. */
  async start(role: Role): Promise<void> {
    const log = new Log("json", (line) => this.lines[role].push(JSON.parse(line) as Line));
    const panic = (error: Error, task: string) => {
      throw new Error(`Bug in ${task}`, { cause: error });
    };
    const service = await Service.start({ data: this.data(role), log, panic });
    this.#services.set(role, service);
    if (role === "replica") this.#listen = service.listen;
  }

  /** Stops a server in order. */
  async stop(role: Role): Promise<void> {
    const service = this.#services.get(role);
    this.#services.delete(role);
    await service?.stop();
  }

  /** Asks a server. */
  call(role: Role, verb: string, args: ValueObject = { vm: VM }): Promise<Value> {
    return callServer(this.data(role), verb, args);
  }

  /** Asks for what must be refused. */
  async refused(role: Role, verb: string, args: ValueObject = { vm: VM }): Promise<Refusal> {
    try {
      await this.call(role, verb, args);
    } catch (error) {
      assert.ok(error instanceof ProblemError, String(error));
      return { ...error.problem, exitCode: exitCodeOf(error.problem) };
    }
    return assert.fail(`"${verb}" was not refused`);
  }

  /** Adds the machine with a disk of known contents, and replicates it once. */
  async protect(image = this.image): Promise<void> {
    const bytes = new Uint8Array(SIZE);
    for (let at = 0; at < SIZE; at += 4096) bytes.fill(1 + (at / 4096) % 255, at, at + 4096);
    Deno.writeFileSync(image, bytes);
    await this.call("primary", "vm add", { vm: VM, disks: [image] });
    const settings = { vm: VM, to: this.#listen, frequency: HOUR };
    await this.call("primary", "replication enable", settings);
    await this.call("primary", "replication start");
    await this.cycle();
  }

  /** Runs a cycle to its end; its point. */
  async cycle(): Promise<string> {
    return textOf(fieldsOf(await this.call("primary", "replication cycle"))["point"]);
  }

  /** Runs cycles until one returns: the other side may just have come up. */
  async cycleAtLast(): Promise<string> {
    for (let tries = 0;; tries++) {
      try {
        return await this.cycle();
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** The export at a server. */
  connect(role: Role): Promise<NbdClient> {
    const address = { transport: "unix", path: nbdSocket(this.data(role)) } as const;
    return NbdClient.connect(nbdUri(address, `${VM}/0`));
  }

  /** Writes as the guest, and flushes. */
  async write(at: number, fill: number, length = 4096): Promise<void> {
    const client = await this.connect("primary");
    await client.write(at, new Uint8Array(length).fill(fill));
    await client.flush();
    await client.disconnect();
  }

  /** What the guest's disk holds, or a point at the replica. */
  async read(role: Role, point?: string): Promise<Uint8Array> {
    if (role === "replica") {
      await this.call("replica", "failover start", { vm: VM, ...(point && { point }) });
    }
    const client = await this.connect(role);
    const bytes = await client.read(0, client.size);
    await client.disconnect();
    if (role === "replica") await this.call("replica", "failover cancel");
    return bytes;
  }

  /** Ids of the points, oldest first, with why they are broken. */
  async points(): Promise<{ id: string; broken: string }[]> {
    return rowsOf(await this.call("replica", "points list")).map((row) => ({
      id: textOf(row["id"]),
      broken: row["broken"] === null ? "" : textOf(row["broken"]),
    }));
  }

  /** Fails unless all of `points` are still listed as they were. */
  async expectKept(points: readonly { id: string; broken: string }[]): Promise<void> {
    const now = await this.points();
    for (const { id, broken } of points) {
      assert.equal(now.find((point) => point.id === id)?.broken, broken, `point ${id} is there`);
    }
  }

  /** Status as an object. */
  async status(role: Role): Promise<ValueObject> {
    return fieldsOf(await this.call(role, "replication status"));
  }

  /** Resolves when the replica has applied all it has. */
  async applied(): Promise<void> {
    for (;;) {
      const rows = rowsOf(await this.call("replica", "points list"));
      if (rows.every((row) => row["applied"] === true)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Resolves when no point waits for the disks to be compared. */
  async verified(): Promise<void> {
    for (;;) {
      const rows = rowsOf(await this.call("replica", "points list"));
      if (rows.every((row) => row["unverified"] !== true)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Stops what runs and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("primary");
    await this.stop("replica");
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Flips the lowest bit of byte `at`; a negative place counts from the end. */
export function flip(file: string, at: number): void {
  const bytes = Deno.readFileSync(file);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place]! ^= 1;
  Deno.writeFileSync(file, bytes);
}

/** Fails unless `failure` says what is wrong and what to do. */
export function expectClear(failure: { readonly message: string; readonly action: string }): void {
  assert.notEqual(failure.message, "");
  assert.notEqual(failure.action, "", `says what to do: ${failure.message}`);
  assert.doesNotMatch(failure.message, /undefined|\[object| {4}at /);
}
