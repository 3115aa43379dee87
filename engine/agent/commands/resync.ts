/**
 * `warmsite replication resync`: start, pause, continue, cancel; and `warmsite replication verify`.
 *
 * @module
 */

import { type Command, type Invocation, option, type ValueObject } from "../command/command.ts";
import { formatSize } from "../command/quantity.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
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

/** `replication verify`. */
export const verifyCommand: Command = remoteCommand({
  verb: "replication verify",
  ...optionalMachine,
  details:
    "Guest and replication go on. What differs is marked, and the next cycle sends it; older recovery " +
    "points keep what they have there. Ctrl-C ends it.",
  render(result) {
    const { vm, point, equal, comparedBytes, differingBytes, ranges, differences } = fieldsOf(
      result,
    );
    const compared = `${formatSize(Number(comparedBytes))} compared`;
    if (equal === true) {
      return `"${textOf(vm)}" equals its replica at recovery point ${textOf(point)}: ${compared}`;
    }
    const lines = rowsOf(differences).map((each) =>
      `  disk ${textOf(each["disk"])}, offset ${textOf(each["at"])}, ${
        textOf(each["length"])
      } bytes`
    );
    const listed = lines.length < Number(ranges)
      ? [`  and ${Number(ranges) - lines.length} more`]
      : [];
    return [
      `"${textOf(vm)}" differs from its replica in ${
        formatSize(Number(differingBytes))
      }, ${compared}:`,
      ...lines,
      ...listed,
      "All of it is marked as changed: the next cycle sends it, and recovery points from there on are right.",
    ].join("\n");
  },
});

/** `replication resync cancel`. */
export const cancelResyncCommand: Command = remoteCommand({
  verb: "replication resync cancel",
  ...optionalMachine,
  details: "The replica and its recovery points are as they were before it began.",
  render: statusText,
});
