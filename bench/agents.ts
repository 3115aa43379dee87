/**
 * Two servers for a benchmark: real processes, mutual TLS between them on loopback.
 *
 * @module
 */

import { createHome } from "../engine/agent/home.ts";
import { ChildServer } from "../engine/agent/demo/child_server.ts";
import type { ValueObject } from "../engine/agent/command/command.ts";
import { fieldsOf, rowsOf, textOf } from "../engine/agent/command/value.ts";
import { initAuthority, issueToServer } from "../engine/host/pki.ts";

/** The machine's name in every benchmark. */
export const VM = "bench";
/** Cycles run when they are asked for, so the frequency is the longest: 1 h in µs. */
const FREQUENCY = 3_600_000_000;

/** Gives back what a server holds. */
type Ending = () => Promise<unknown> | unknown;

/** A primary and a replica. */
export class Agents {
  readonly primary: ChildServer;
  readonly replica: ChildServer;

  readonly #endings: readonly Ending[];

  private constructor(primary: ChildServer, replica: ChildServer, endings: readonly Ending[]) {
    this.primary = primary;
    this.replica = replica;
    this.#endings = endings;
  }

  /** Makes homes in `folder`, which exists and is empty, and starts both. */
  static async start(folder: string): Promise<Agents> {
    await initAuthority(`${folder}/ca`);
    const started: ChildServer[] = [];
    const endings: Ending[] = [];
    for (const name of ["primary", "replica"]) {
      const data = `${folder}/${name}`;
      await createHome(data, { name, listen: "127.0.0.1:0" });
      await issueToServer(`${folder}/ca`, data);
      started.push(await ChildServer.start(data, (ending) => endings.push(ending)));
    }
    return new Agents(started[0] as ChildServer, started[1] as ChildServer, endings);
  }

  /** Adds the machine with the disk `file` and enables replication; returns the disk's NBD URI. */
  async protect(file: string, settings: ValueObject = {}): Promise<string> {
    const added = fieldsOf(await this.primary.call("vm add", { vm: VM, disks: [file] }));
    const to = this.replica.listen;
    const frequency = FREQUENCY;
    await this.primary.call("replication enable", { vm: VM, to, frequency, ...settings });
    return textOf(rowsOf(added["disks"])[0]?.["uri"]);
  }

  /** Runs initial replication until its point is staged. */
  async seed(): Promise<void> {
    await this.primary.call("replication start", { vm: VM });
    await this.cycle();
  }

  /** Runs a cycle until its point is staged. */
  async cycle(): Promise<void> {
    await this.primary.call("replication cycle", { vm: VM });
  }

  /** What the primary says of the machine. */
  async status(): Promise<ValueObject> {
    return fieldsOf(await this.primary.call("replication status", { vm: VM }));
  }

  /** What the replica says of the machine. */
  async replicaStatus(): Promise<ValueObject> {
    return fieldsOf(await this.replica.call("replication status", { vm: VM }));
  }

  /** True when the replica has applied all its points. */
  async applied(): Promise<boolean> {
    const points = rowsOf(await this.replica.call("points", { vm: VM }));
    return points.length > 0 && points.every((point) => point["applied"] === true);
  }

  /** Ends both. */
  async stop(): Promise<void> {
    for (const end of this.#endings) await end();
  }
}
