/**
 * I53: What a status counts as sent is what was seen being sent.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** What one machine sent from one server. */
interface Sent {
  readonly time: number;
  readonly bytes: number;
  readonly wire: number;
}

/** I53. */
export const REPORT: Invariant = {
  id: "I53",
  about: "What a status counts as sent is what was seen being sent",
  begin: (ground) => {
    /** By server, machine, and how often that had moved: where it comes to, it is counted anew. */
    const seen = new Map<string, Sent[]>();
    const keyOf = (host: string, vm: string) => `${host}/${vm}/${ground.moves(vm)}`;
    return {
      engine: ({ sighting: { host, event, time } }) => {
        if (event.kind !== "sent") return;
        const key = keyOf(host, event.machine);
        const list = seen.get(key) ?? [];
        list.push({ time, bytes: event.bytes, wire: event.wire });
        seen.set(key, list);
      },
      status: ({ host, vm, status, started }) => {
        const { role, state, bytesSent, wireBytes } = status;
        if (role === "replica" || state === "Disabled" || typeof bytesSent !== "number") return;
        // What an earlier process or relationship sent is counted no more.
        const key = keyOf(host, vm);
        const since = (seen.get(key) ?? []).filter(({ time }) => time >= started);
        seen.set(key, since);
        const bytes = since.reduce((sum, each) => sum + each.bytes, 0);
        const wire = since.reduce((sum, each) => sum + each.wire, 0);
        if (bytesSent === bytes && wireBytes === wire) return;
        const told = `${bytesSent} bytes, ${wireBytes} on the wire`;
        ground.violate("I53", `${vm}: ${told} are reported, ${bytes} and ${wire} were sent`);
      },
    };
  },
};
