/**
 * What is said to who asks the wrong one of two servers: a machine that is here in the other role is not
 * "no such machine", and there is a server that would do what was asked.
 *
 * @module
 */

import { type Failed, isFailed, requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import type { PackageManifest } from "../history/package_format.ts";
import type { Server } from "./server.ts";

/** `error`, or what is to be said in its place where `args.vm` is here in another role than the verb is for. */
export function tellOtherRole(server: Server, args: JsonObject, error: unknown): unknown {
  const { vm } = args;
  if (typeof vm !== "string") return error;
  if (isFailed(error, "bad-name")) return ofTest(server, vm) ?? error;
  if (!isFailed(error, "no-such-machine") || error.failure.side !== "request") return error;
  if (server.primary.opened(vm)) return runsHere(server, vm);
  if (server.replica.opened(vm)) return replicatedHere(server, vm);
  if (!server.replica.awaits(vm)) return error;
  return requestFailure(
    "no-such-machine",
    `A copy of "${vm}" waits on this server for its primary: it has no recovery point yet`,
    `Start it at the primary: "warmsite replication start ${vm} --existing-copy"`,
  );
}

/** Refuses the import of a package at the server that wrote it. */
export function refuseOwnPackage({ primary }: Server, manifest: PackageManifest): void {
  const { name: vm, machine: id } = manifest;
  if (!primary.opened(vm) || primary.entry(vm).machine.id !== id) return;
  const to = primary.entry(vm).machine.settings?.to;
  throw requestFailure(
    "no-such-machine",
    `"${vm}" runs on this server, which is its primary: its package is for its replica`,
    to === undefined
      ? `It is not replicated any more: enable that and export it again, "warmsite replication enable ${vm} --to HOST:PORT"`
      : `Carry the package to its replica server, ${to}, and type this there: "warmsite replication import PATH"`,
  );
}

function runsHere(server: Server, vm: string): Failed {
  const to = server.primary.entry(vm).machine.settings?.to;
  return requestFailure(
    "no-such-machine",
    `"${vm}" runs on this server, which is its primary and not its replica`,
    to === undefined
      ? `It has no replica: "warmsite replication enable ${vm} --to HOST:PORT" makes one`
      : `Type this on its replica server, ${to}`,
  );
}

function replicatedHere(server: Server, vm: string): Failed {
  const { primary } = server.replica.machine(vm).record;
  return requestFailure(
    "no-such-machine",
    `"${vm}" is replicated to this server, which is its replica and not its primary`,
    `Type this on its primary, ${primary}; if that is lost, bring it up here: "warmsite failover start ${vm}"`,
  );
}

/** Tests have names that no machine has. */
function ofTest({ replica }: Server, name: string): Failed | undefined {
  const found = replica.tests().find(({ test }) => test.name === name);
  if (found === undefined) return undefined;
  return requestFailure(
    "bad-name",
    `"${name}" is a test of the machine "${found.of}"`,
    `Name the machine; to be rid of the test: "warmsite failover test ${found.of} --delete "${name}""`,
  );
}
