/**
 * The administrator's commands for one machine on this server: what they may be, and how long each may
 * take.
 *
 * Each side of a relationship has its own, for its hypervisor is another one; none of them ever travels.
 *
 * @module
 */

import { type Failed, requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import { SECOND } from "../base/units.ts";
import type { HypervisorVerb } from "../ports/hypervisor.ts";

/** What can be set, in the order in which people are told of it. */
export const COMMAND_NAMES: readonly HypervisorVerb[] = [
  "freeze",
  "thaw",
  "start",
  "stop",
  "status",
];

/** Commands by what they do; one that is absent is not set. */
export type GuestCommands = { readonly [Verb in HypervisorVerb]?: string };

/** How long each command may take, µs. */
export type CommandLimits = Readonly<Record<HypervisorVerb, number>>;

/**
 * As VSS has it: applications get 60 s to come to rest, and nothing is held for more than 10 s after that.
 * The cut between takes less than the 50 ms of a gate, so 10 s are left for the thaw. Starting and stopping
 * a machine takes its time; a status is asked for while somebody waits.
 */
export const COMMAND_LIMITS: CommandLimits = {
  freeze: 60 * SECOND,
  thaw: 10 * SECOND,
  start: 120 * SECOND,
  stop: 120 * SECOND,
  status: 10 * SECOND,
};

/** Characters of a command, at most. */
export const COMMAND_LENGTH_MAX = 4096;

/** `changes` made to `commands`, where an empty text takes one away; `bad-argument` for what cannot be. */
export function changedCommands(commands: GuestCommands, changes: GuestCommands): GuestCommands {
  const changed: Record<string, string> = {};
  for (const verb of COMMAND_NAMES) {
    const command = changes[verb] ?? commands[verb] ?? "";
    if (command.length > COMMAND_LENGTH_MAX || command.includes("\0")) {
      throw requestFailure(
        "bad-argument",
        `The command to ${verb} is too long or holds a NUL`,
        `Put it into a script, and give its path; at most ${COMMAND_LENGTH_MAX} characters`,
      );
    }
    if (command.trim() !== "") changed[verb] = command;
  }
  if (changed["freeze"] !== undefined && changed["thaw"] === undefined) {
    throw requestFailure(
      "bad-argument",
      "A command to freeze without one to thaw would leave the guest frozen",
      "Give both: --freeze CMD --thaw CMD",
    );
  }
  return changed;
}

/** Why a machine cannot have application-consistent points here. */
export function withoutFreeze(machine: string): Failed {
  return requestFailure(
    "wrong-state",
    `Application-consistent points of "${machine}" need commands that freeze and thaw its guest`,
    `Set them here: warmsite replication set ${machine} --freeze CMD --thaw CMD`,
  );
}

/** Commands from a record; `undefined` when they make no sense. */
export function commandsFromJson(record: JsonObject): GuestCommands | undefined {
  const commands: Record<string, string> = {};
  for (const verb of COMMAND_NAMES) {
    const command = record[verb];
    if (command === undefined) continue;
    if (typeof command !== "string" || command.length > COMMAND_LENGTH_MAX) return undefined;
    commands[verb] = command;
  }
  return commands;
}
