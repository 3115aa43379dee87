/**
 * `warmsite replication resync`: start, pause, continue, cancel.
 *
 * @module
 */

import { type Command, type Invocation, option, type ValueObject } from "../command/command.ts";
import { remoteCommand } from "./remote.ts";
import { statusText } from "./status_text.ts";

const optionalMachine = {
  operands: [{ name: "VM", optional: true }],
  args: ({ operands: [vm] }: Invocation): ValueObject => ({ vm }),
};

/** `replication resync start`. */
export const startResyncCommand: Command = remoteCommand({
  verb: "replication resync start",
  operands: optionalMachine.operands,
  args: (invocation) => ({
    ...optionalMachine.args(invocation),
    at: option(invocation, "at"),
  }),
  options: {
    at: {
      value: "TIME",
      about: "Not now, but then, whatever `--resync` says; only where one is due",
    },
  },
  details: "Begins one that is due, or compares disks of a machine in order. Only what differs " +
    "travels, all recovery points stay, and changes are tracked and can be failed over to meanwhile.",
  render: statusText,
});

/** `replication resync pause`. */
export const pauseResyncCommand: Command = remoteCommand({
  verb: "replication resync pause",
  ...optionalMachine,
  details:
    "What was compared and sent counts: `warmsite replication resync continue` goes on there.",
  render: statusText,
});

/** `replication resync continue`. */
export const continueResyncCommand: Command = remoteCommand({
  verb: "replication resync continue",
  ...optionalMachine,
  render: statusText,
});

/** `replication resync cancel`. */
export const cancelResyncCommand: Command = remoteCommand({
  verb: "replication resync cancel",
  ...optionalMachine,
  details: "The replica and its recovery points are as they were before it began.",
  render: statusText,
});
