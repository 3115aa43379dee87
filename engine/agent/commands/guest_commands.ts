/**
 * The options by which an administrator gives the commands of a machine's guest.
 *
 * @module
 */

import { COMMAND_NAMES } from "../../core/relationship/guest_commands.ts";
import { type Invocation, type Option, option, type ValueObject } from "../command/command.ts";

/** What takes a command away. */
const NONE = "none";

/** Options of every command that takes them. */
export const COMMAND_OPTIONS: Readonly<Record<string, Option>> = {
  freeze: {
    value: "CMD",
    about: "Command of this side that brings the guest to rest, 60s at most",
  },
  thaw: {
    value: "CMD",
    about: "Command that lets it go on, 10s at most; exits with 3 if it was not frozen any more",
  },
  start: { value: "CMD", about: "Command that starts the machine on its disks, 120s at most" },
  stop: { value: "CMD", about: "Command that stops the machine, 120s at most" },
  status: { value: "CMD", about: "Command that prints `running` or `stopped`, 10s at most" },
};

/** The commands that were given. */
export function commandArguments(invocation: Invocation): ValueObject {
  return Object.fromEntries(COMMAND_NAMES.map((name) => {
    const command = option(invocation, name);
    return [name, command === NONE ? "" : command];
  }));
}
