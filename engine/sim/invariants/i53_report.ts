/**
 * I53: What a status counts as sent is what was seen being sent.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** What one machine sent from one server, in one step. */
interface Sent {
  readonly time: number;
  readonly bytes: number;
  readonly wire: number;
}

/** All that it sent, summed up as it goes: a status would otherwise cost as much as all that was ever sent. */
class Account {
  readonly #sent: Sent[] = [];
  /** Those before it count no more. */
  #first = 0;
  bytes = 0;
  wire = 0;

  add(sent: Sent): void {
    this.#sent.push(sent);
    this.bytes += sent.bytes;
    this.wire += sent.wire;
  }

  /** What was sent before `time` counts no more; times only grow. */
  forget(time: number): void {
    for (; this.#first < this.#sent.length; this.#first++) {
      const sent = this.#sent[this.#first] as Sent;
      if (sent.time >= time) return;
      this.bytes -= sent.bytes;
      this.wire -= sent.wire;
    }
  }
}

/** I53. */
export const REPORT: Invariant = {
  id: "I53",
  about: "What a status counts as sent is what was seen being sent",
  begin: (ground) => {
    /** By server, machine, and how often that had moved: where it comes to, it is counted anew. */
    const seen = new Map<string, Account>();
    const keyOf = (host: string, vm: string) => `${host}/${vm}/${ground.moves(vm)}`;
    return {
      engine: ({ sighting: { host, event, time } }) => {
        if (event.kind !== "sent") return;
        const key = keyOf(host, event.machine);
        const account = seen.get(key) ?? new Account();
        account.add({ time, bytes: event.bytes, wire: event.wire });
        seen.set(key, account);
      },
      status: ({ host, vm, status, started }) => {
        const { role, state, bytesSent, wireBytes } = status;
        if (role === "replica" || state === "Disabled" || typeof bytesSent !== "number") return;
        // What an earlier process or relationship sent is counted no more.
        const key = keyOf(host, vm);
        const account = seen.get(key);
        account?.forget(started);
        const { bytes, wire } = account ?? { bytes: 0, wire: 0 };
        if (bytesSent === bytes && wireBytes === wire) return;
        const told = `${bytesSent} bytes, ${wireBytes} on the wire`;
        ground.violate("I53", `${vm}: ${told} are reported, ${bytes} and ${wire} were sent`);
      },
    };
  },
};
