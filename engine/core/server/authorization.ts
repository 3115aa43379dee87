/**
 * Authorization: which server may be the primary of a machine here, where its replica goes, and between
 * whom a machine may move.
 *
 * Rule: a peer's name is the one that the transport has proved. Every answer is of this moment: nobody keeps
 * one across a wait, for the administrator may have changed his mind meanwhile.
 *
 * @module
 */

import { type Failure, peerFailure } from "../base/failure.ts";
import type { ReplicaRecord } from "../replica/replica_record.ts";
import {
  type AuthorizationEntry,
  DEFAULT_TRUST_GROUP,
  foldName,
  type ServerPolicy,
} from "./server_policy.ts";
import type { ServerRecord } from "./server_record.ts";

/** Whoever was refused tries again only when its administrator says so: somebody has decided. */
const RESUME = "; then, at the primary, `warmsite replication resume`";

/** A server that may be a primary here. */
export interface Accepted {
  readonly ok: true;
  /** Where its machines' replicas are put; `undefined` for the data folder. */
  readonly location: string | undefined;
  /** The group in which its machines may move. */
  readonly trustGroup: string;
}

/** A server that may not, and why. */
export interface NotAccepted {
  readonly ok: false;
  readonly failure: Failure;
}

/** What is asked of a machine that is here before its primary may go on. */
export type Belonging = Pick<ReplicaRecord, "primary" | "trustGroup">;

/** Answers who may replicate to this server. */
export class Authorization {
  readonly #record: ServerRecord;
  readonly #server: string;
  readonly #listens: boolean;

  /** `server` is this server's name; one that does not listen takes nothing from anybody. */
  constructor(record: ServerRecord, server: string, listens: boolean) {
    this.#record = record;
    this.#server = server;
    this.#listens = listens;
  }

  /** Whether the server that is called `peer` in its certificate may be a primary of machines here. */
  wouldAccept(peer: string): Accepted | NotAccepted {
    const server = this.#server;
    const { policy, trouble } = this.#record;
    if (trouble !== undefined) {
      return refused(
        `Server "${server}" takes no replicas: what it was told of authorization cannot be read`,
        `Look at \`warmsite server show\` on "${server}"`,
      );
    }
    if (!policy.replication || !this.#listens) {
      return refused(
        `Server "${server}" takes no replicas`,
        `On "${server}": \`warmsite server set --replica on\`${RESUME}`,
      );
    }
    if (policy.allow === "any") {
      return { ok: true, location: policy.location, trustGroup: DEFAULT_TRUST_GROUP };
    }
    const entry = entryFor(policy, peer);
    if (entry !== undefined) {
      const { location = policy.location, trustGroup } = entry;
      return { ok: true, location, trustGroup };
    }
    return refused(
      `Server "${server}" has no authorization entry for "${peer}"`,
      `On "${server}": \`warmsite authorization add ${peer} --trust-group GROUP\`${RESUME}`,
    );
  }

  /**
   * Whether `peer` may be the primary of the machine `name` that is here and belongs to another, or to it
   * already: only inside the machine's trust group.
   */
  wouldContinue(peer: string, name: string, machine: Belonging): Accepted | NotAccepted {
    const accepted = this.wouldAccept(peer);
    const group = this.trustGroupOf(machine);
    if (!accepted.ok || group === undefined || foldName(peer) === foldName(machine.primary)) {
      return accepted;
    }
    if (group === accepted.trustGroup) return accepted;
    const server = this.#server;
    return refused(
      `"${name}" is a machine of "${machine.primary}" in trust group "${group}", and "${peer}" is ` +
        `in trust group "${accepted.trustGroup}"`,
      `If it may move there, put both into one group, on "${server}": \`warmsite authorization ` +
        `set NAME --trust-group ${group}\`${RESUME}`,
    );
  }

  /**
   * The trust group of a machine: that of its primary as it is now, or the last one that it had. Unknown
   * of one whose state was lost and rebuilt (R11): its secret identity is proof enough.
   */
  trustGroupOf({ primary, trustGroup }: Belonging): string | undefined {
    if (trustGroup === undefined && primary === "unknown") return undefined;
    const there = this.wouldAccept(primary);
    return there.ok ? there.trustGroup : trustGroup ?? DEFAULT_TRUST_GROUP;
  }
}

/** The most specific entry for a server: its own, else that of the longest domain. */
export function entryFor(policy: ServerPolicy, peer: string): AuthorizationEntry | undefined {
  const name = foldName(peer);
  let found: AuthorizationEntry | undefined;
  for (const entry of policy.entries) {
    const own = foldName(entry.name);
    if (own === name) return entry;
    const covers = own.startsWith("*.") && name.endsWith(own.slice(1)) &&
      name.length > own.length - 1;
    if (covers && own.length > (found?.name.length ?? 0)) found = entry;
  }
  return found;
}

function refused(message: string, action: string): NotAccepted {
  return { ok: false, failure: peerFailure("unauthorized", message, action).failure };
}
