/**
 * A machine as its commands and its clients know it: by the disks that are offered here.
 *
 * @module
 */

import type { PoweredMachine } from "../failover/machine_off.ts";
import type { Server } from "./server.ts";

/** A machine that may run on exports of this server. */
export function powered(server: Server, vm: string): PoweredMachine {
  const { exports } = server;
  const ground = { disks: offeredDisks(server, vm) };
  return { name: vm, ground, clients: (disk) => exports.clients(disk) };
}

/** Exports of a machine's disks that are offered. */
export function offeredDisks(server: Server, vm: string): readonly string[] {
  return server.exports.list().filter((name) => name.startsWith(`${vm}/`));
}
