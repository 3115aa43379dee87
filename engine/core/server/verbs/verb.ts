/**
 * What verbs share: which machine they mean, and the status that most of them answer with.
 *
 * @module
 */

import { localFailure, requestFailure } from "../../base/failure.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import type { Task } from "../../runtime/task.ts";
import { machineName } from "../arguments.ts";
import type { Server } from "../server.ts";
import { testStatus } from "../status.ts";

/** One verb. */
export interface Verb {
  /** One line for help texts. */
  readonly about: string;
  /** Argument names; those with `?` may be left out. */
  readonly args: readonly string[];
  /** Does it. */
  run(server: Server, args: JsonObject): Task<Json>;
}

/** Verbs by the words that an administrator types. */
export type Verbs = Readonly<Record<string, Verb>>;

/** The machine in `vm`; left out, the only one whose guest runs here. Points never go unnamed. */
export function guestMachine(server: Server, args: JsonObject): string {
  if ((args["vm"] ?? null) !== null) return machineName(args);
  const [only, ...others] = server.primary.names();
  if (only !== undefined && others.length === 0) return only;
  throw requestFailure(
    "bad-argument",
    only === undefined ? "No guest's machine is on this server" : "More than one machine is here",
    'Name the machine: "warmsite vm list" shows those that there are',
  );
}

/** The status of every machine here, whatever its role. */
export function everyStatus(server: Server): JsonObject[] {
  const names = [...server.primary.names(), ...server.replica.names(), ...server.replica.awaited()];
  return [
    ...names.map((vm) => status(server, vm)),
    ...server.replica.tests().map(({ of, test }) => testStatus(of, test)),
  ];
}

/** The status of the test failover of that name; `undefined` when there is none. */
export function statusOfTest({ replica }: Server, name: Json | undefined): JsonObject | undefined {
  const found = replica.tests().find(({ test }) => test.name === name);
  return found === undefined ? undefined : testStatus(found.of, found.test);
}

/** True for a machine that is replicated to here, or is going to be. */
export function isReplica({ replica }: Server, vm: string): boolean {
  return replica.has(vm) || replica.awaits(vm);
}

/** The status of one machine, and the commands that this side of it has. */
export function status(server: Server, vm: string): JsonObject {
  const { primary, replica } = server;
  const listed = replica.names().includes(vm) || replica.awaits(vm);
  if (!listed && !primary.names().includes(vm) && (replica.has(vm) || primary.has(vm))) {
    throw localFailure("busy", `"${vm}" is on its way in, out, or into another role`, "Ask again");
  }
  const status = listed ? replica.status(vm) : primary.status(vm);
  return { ...status, commands: { ...server.commands.of(vm) } };
}

/**
 * The machine was removed in one role; its commands go with it, unless it is here in the other one. A crash
 * before this leaves them to the next start of the server, which knows no such machine.
 */
export function* forgetCommands(server: Server, vm: string): Task<void> {
  if (!isReplica(server, vm) && !server.primary.has(vm)) yield* server.commands.forget(vm);
}
