/**
 * The server's record: what an administrator chose for the whole server, durable in `server.json` of the
 * data folder.
 *
 * Rule: what `policy` says is durable. A record that cannot be read is taken for one that lets nobody in:
 * guests are served and failovers work, and no peer's data is taken until somebody has chosen again.
 *
 * @module
 */

import { type Failure, isFailed, localFailure } from "../base/failure.ts";
import { loadRecord, saveRecord } from "../relationship/record.ts";
import type { Ports } from "../ports/ports.ts";
import { Mutex } from "../runtime/lock.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import {
  checkPolicy,
  POLICY_DEFAULT,
  policyFromJson,
  policyToJson,
  type ServerPolicy,
} from "./server_policy.ts";

/** Its name in the data folder. */
export const SERVER_RECORD = "server.json";

/** What was chosen for this server, and who wants to know when that changes. */
export class ServerRecord {
  /** Told after every change, once it is durable. */
  readonly changed = new Signal();
  readonly #ports: Pick<Ports, "codec" | "data">;
  readonly #changing = new Mutex();
  #policy: ServerPolicy;
  #trouble: Failure | undefined;

  private constructor(
    ports: Pick<Ports, "codec" | "data">,
    policy: ServerPolicy,
    trouble: Failure | undefined,
  ) {
    this.#ports = ports;
    this.#policy = policy;
    this.#trouble = trouble;
  }

  /** Reads the record; a server that has none yet is as by default. */
  static *open(ports: Pick<Ports, "codec" | "data">): Task<ServerRecord> {
    try {
      const json = yield* loadRecord(ports.codec.kernel, ports.data, SERVER_RECORD);
      const policy = json === undefined ? POLICY_DEFAULT : policyFromJson(json);
      if (policy !== undefined) return new ServerRecord(ports, policy, undefined);
    } catch (error) {
      if (!isFailed(error, "damaged")) throw error;
    }
    const { failure } = localFailure(
      "damaged",
      `Cannot read "${SERVER_RECORD}" in ${ports.data.path}: no replica is taken from anybody`,
      "Put it back from a backup and restart, or choose again: `warmsite server set --replica on`, " +
        "then the authorization entries",
    );
    return new ServerRecord(ports, { ...POLICY_DEFAULT, replication: false }, failure);
  }

  /** What holds, durably. */
  get policy(): ServerPolicy {
    return this.#policy;
  }

  /** Why the record could not be read; `undefined` from the first change on. */
  get trouble(): Failure | undefined {
    return this.#trouble;
  }

  /**
   * Replaces what was chosen by what `change` makes of it, durably when it returns; refuses values that
   * cannot be and then changes nothing. A crash leaves the old record or the new one, whole.
   */
  *change(change: (policy: ServerPolicy) => ServerPolicy): Task<ServerPolicy> {
    return yield* this.#changing.during(this.#change(change));
  }

  /** Refuses, without a change, what `change` would be refused for at this moment. */
  check(change: (policy: ServerPolicy) => ServerPolicy): void {
    checkPolicy(change(this.#policy));
  }

  *#change(change: (policy: ServerPolicy) => ServerPolicy): Task<ServerPolicy> {
    const policy = checkPolicy(change(this.#policy));
    const { codec, data } = this.#ports;
    yield* saveRecord(codec.kernel, data, SERVER_RECORD, policyToJson(policy));
    this.#policy = policy;
    this.#trouble = undefined;
    this.changed.notify();
    return policy;
  }
}
