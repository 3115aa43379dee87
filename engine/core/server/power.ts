/**
 * A machine as its commands and its clients know it: by the disks that are offered here.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { type PoweredMachine, stopMachine } from "../failover/machine_off.ts";
import type { TestFailover } from "../failover/test_failover.ts";
import type { Task } from "../runtime/task.ts";
import type { Server } from "./server.ts";

/** A machine that may run on exports of this server. */
export function powered(server: Server, vm: string): PoweredMachine {
  const { exports } = server;
  const ground = { disks: offeredDisks(server, vm) };
  return { name: vm, ground, clients: (disk) => exports.clients(disk) };
}

/** A test failover of `vm`, which may run on its own exports. */
export function poweredTest(server: Server, vm: string, test: TestFailover): PoweredMachine {
  const { exports } = server;
  const { name, point } = test;
  const ground = { as: name, disks: offeredDisks(server, name), point, test: true };
  return { name: vm, ground, clients: (disk) => exports.clients(disk) };
}

/**
 * Ends the tests of a machine that moves here for good: they stand on points that go, and no test holds up what
 * it was made for. One that cannot be stopped loses its disks.
 */
export function* endTests(server: Server, vm: string): Task<void> {
  const { ports, commands, replica } = server;
  for (const { of, test } of replica.tests()) {
    if (of !== vm) continue;
    try {
      yield* stopMachine(ports.clock, commands, poweredTest(server, vm, test));
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      ports.observer.emit({ kind: "failure", machine: vm, failure: error.failure });
    }
    yield* replica.deleteTest(vm, test.name);
  }
}

/** Exports of a machine's disks that are offered. */
export function offeredDisks(server: Server, vm: string): readonly string[] {
  return server.exports.list().filter((name) => name.startsWith(`${vm}/`));
}
