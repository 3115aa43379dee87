/**
 * What is counted of everything that is sent.
 *
 * @module
 */

import type { Replication } from "./replication.ts";

/** Counts what was sent and tells of it. */
export function noteSent(work: Replication, bytes: number, wire: number): void {
  work.statistics.bytesSent += bytes;
  work.statistics.wireBytes += wire;
  work.ports.observer.emit({ kind: "sent", machine: work.machine.name, bytes, wire });
}
