/**
 * Two real servers and the machines that one of them protects, for the clients of other people.
 *
 * Rule: what a test starts here is ended by its own process id, and its folder removed, whatever
 * the test does; a server that could not stop in order fails the test.
 *
 * @module
 */

import assert from "node:assert/strict";

import { fieldsOf, rowsOf, textOf } from "../../engine/agent/command/value.ts";
import type { Value, ValueObject } from "../../engine/agent/command/command.ts";
import { callServer } from "../../engine/agent/management/client.ts";
import { createHome } from "../../engine/agent/home.ts";
import { initAuthority, issueToServer } from "../../engine/host/pki.ts";
import { RunningServer } from "../agent/warmsite.ts";
import { mustRun } from "./foreign.ts";

/** How long anything that a test waits for may take, ms: patience with a busy machine, no claim. */
const WAIT_MAX = 120_000;
const SECOND = 1_000_000;
/** Bytes of both headers of a replication log (docs/HRL.md). */
const HEADERS = 8192;

/** A machine that is protected: one disk. */
export interface Protected {
  readonly vm: string;
  /** The file or device that is the disk. */
  readonly path: string;
  /** Where its guest finds it. */
  readonly uri: string;
  /** The argument of QEMU's `-blockdev`, as the server tells it. */
  readonly blockdev: string;
}

/** A machine that runs at the replica. */
export interface FailedOver {
  readonly point: string;
  readonly uri: string;
  readonly blockdev: string;
}

/** How a machine is protected. */
export interface ProtectOptions {
  /** Between cycles that nobody asks for, s; one by default, so that some always run. */
  readonly every?: number;
  /** Return before the first point is at the replica. */
  readonly early?: boolean;
}

/** A primary and a replica. */
export class Site implements AsyncDisposable {
  /** A folder for the test's own files. */
  readonly folder: string;
  #replica: RunningServer;
  #primary: RunningServer;
  #isKilled = false;
  readonly #endings: (() => Promise<unknown> | unknown)[] = [];

  private constructor(folder: string, primary: RunningServer, replica: RunningServer) {
    this.folder = folder;
    this.#primary = primary;
    this.#replica = replica;
  }

  /** Starts both, with an authority of their own. */
  static async start(): Promise<Site> {
    const folder = Deno.makeTempDirSync({ dir: "/tmp", prefix: "warmsite-test-" });
    await initAuthority(`${folder}/ca`);
    const starts = await Promise.allSettled(["primary", "replica"].map(async (name) => {
      const data = `${folder}/${name}`;
      await createHome(data, { name, listen: "127.0.0.1:0" });
      await issueToServer(`${folder}/ca`, data);
      return await RunningServer.start(data);
    }));
    const servers = starts.flatMap((start) => start.status === "fulfilled" ? [start.value] : []);
    const [primary, replica] = servers;
    if (primary !== undefined && replica !== undefined) return new Site(folder, primary, replica);
    await Promise.all(servers.map((server) => server.end("SIGKILL")));
    throw starts.find((start) => start.status === "rejected")?.reason;
  }

  /** Ends `ending` before the servers and the folder go. */
  atEnd(ending: () => Promise<unknown> | unknown): void {
    this.#endings.push(ending);
  }

  /** Makes a sparse file of `size` bytes in the test's folder. */
  sparseFile(name: string, size: number): string {
    const file = `${this.folder}/${name}`;
    using made = Deno.openSync(file, { create: true, write: true });
    made.truncateSync(size);
    return file;
  }

  /** Adds the disk at `path` as machine `vm` and replicates it. */
  async protect(vm: string, path: string, options: ProtectOptions = {}): Promise<Protected> {
    const added = fieldsOf(await this.ask("vm add", { vm, disks: [path] }));
    const [disk] = rowsOf(added["disks"]);
    const frequency = (options.every ?? 1) * SECOND;
    await this.ask("replication enable", { vm, to: this.#replica.listen, frequency });
    await this.ask("replication start", { vm });
    const machine = {
      vm,
      path,
      uri: textOf(disk?.["uri"]),
      blockdev: textOf(disk?.["qemu"]).replace(/^-blockdev /, ""),
    };
    if (options.early !== true) await this.untilReplicating(vm);
    return machine;
  }

  /** Waits for the end of initial replication. */
  async untilReplicating(vm: string): Promise<void> {
    const state = await this.until(vm, ({ state }) => state !== "InitialReplicationInProgress");
    assert.equal(state["state"], "Replicating", JSON.stringify(state));
  }

  /** Waits until the primary's status of `vm` is as it `should` be. */
  async until(vm: string, should: (status: ValueObject) => boolean): Promise<ValueObject> {
    for (const end = performance.now() + WAIT_MAX;;) {
      const status = await this.status(vm);
      if (should(status)) return status;
      assert.ok(performance.now() < end, `Waited too long: ${JSON.stringify(status)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until the log of a disk says exactly when that changed last: a second after the last write (T6). */
  async untilStamped({ path }: Protected): Promise<void> {
    const changed = (await mustRun("stat", "-c", "%.9Z", path)).trim().replace(".", "");
    const head = new Uint8Array(HEADERS);
    for (const end = performance.now() + WAIT_MAX;;) {
      using log = Deno.openSync(`${path}.hrl`);
      log.readSync(head);
      if (new TextDecoder("latin1").decode(head).includes(changed)) return;
      assert.ok(performance.now() < end, `The log never says ${changed}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Bytes that the primary's process handed to the kernel to write so far. */
  written(): number {
    const text = Deno.readTextFileSync(`/proc/${this.#primary.pid}/io`);
    return Number(/^wchar: (\d+)$/m.exec(text)?.[1]);
  }

  /** Asks the primary. */
  async ask(verb: string, args: ValueObject): Promise<Value> {
    return await callServer(`${this.folder}/primary`, verb, args);
  }

  async #askReplica(verb: string, args: ValueObject): Promise<Value> {
    return await callServer(`${this.folder}/replica`, verb, args);
  }

  /** What the primary says of `vm`. */
  async status(vm: string): Promise<ValueObject> {
    return fieldsOf(await this.ask("replication status", { vm }));
  }

  /** Runs a cycle; returns its point, which is staged. */
  async cycle(vm: string): Promise<string> {
    return textOf(fieldsOf(await this.ask("replication cycle", { vm }))["point"]);
  }

  /** The primary, at once and in the middle of whatever it does. */
  async killPrimary(): Promise<void> {
    this.#isKilled = true;
    await this.#primary.end("SIGKILL");
  }

  /** A primary on the home that the one before left. */
  async restartPrimary(): Promise<void> {
    this.#primary = await RunningServer.start(`${this.folder}/primary`);
    this.#isKilled = false;
  }

  /** SIGKILL for the replica, and a new one on its home. */
  async crashReplica(): Promise<void> {
    await this.#replica.end("SIGKILL");
    this.#replica = await RunningServer.start(`${this.folder}/replica`);
  }

  /** Ends the replica in order. */
  async stopReplica(): Promise<void> {
    const { code, log } = await this.#replica.end();
    assert.equal(code, 0, log);
  }

  /** Ends the primary in order; returns its exit code. */
  async stopPrimary(): Promise<number> {
    return (await this.#primary.end()).code;
  }

  /** Fails `vm` over to `point` or the newest. */
  async failover(vm: string, point?: string): Promise<FailedOver> {
    const started = fieldsOf(await this.#askReplica("failover start", { vm, point }));
    const [disk] = rowsOf(started["disks"]);
    return {
      point: textOf(started["point"]),
      uri: textOf(disk?.["uri"]),
      blockdev: textOf(disk?.["qemu"]).replace(/^-blockdev /, ""),
    };
  }

  /** Makes a failover final; returns the file that is the disk from then on. */
  async completeFailover(vm: string): Promise<string> {
    const { files } = fieldsOf(await this.#askReplica("failover complete", { vm }));
    return textOf((files as readonly Value[])[0]);
  }

  /** Drops a failover. */
  async cancelFailover(vm: string): Promise<void> {
    await this.#askReplica("failover cancel", { vm });
  }

  /** The recovery points at the replica. */
  async points(vm: string): Promise<readonly ValueObject[]> {
    return rowsOf(await this.#askReplica("points list", { vm }));
  }

  /**
   * Nobody writes: a cycle, a failover to it, and QEMU's comparison of what each server exports.
   * With `keep` the failover stays.
   */
  async assertSame({ vm, uri }: Protected, keep = false): Promise<string> {
    const point = await this.cycle(vm);
    const there = await this.failover(vm);
    assert.equal(there.point, point, "the newest point is the one that was asked for");
    const told = await mustRun("qemu-img", "compare", "-f", "raw", "-F", "raw", uri, there.uri);
    assert.match(told, /identical/);
    if (!keep) await this.cancelFailover(vm);
    return there.uri;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (let end = this.#endings.pop(); end !== undefined; end = this.#endings.pop()) await end();
    } finally {
      const ends = await Promise.all([this.#replica.end(), this.#primary.end()]);
      Deno.removeSync(this.folder, { recursive: true });
      const [replica, primary] = ends;
      assert.equal(replica.code, 0, `the replica stopped in order: ${replica.log}`);
      // A process that was killed has no say in its exit code.
      if (!this.#isKilled) assert.equal(primary.code, 0, `so did the primary: ${primary.log}`);
    }
  }
}
