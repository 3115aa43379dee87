/**
 * `warmsite vm`: the machines of a server.
 *
 * @module
 */

import { callerPath } from "../caller.ts";
import { type Command, isGiven, operand, type Value } from "../command/command.ts";
import { formatSize } from "../command/quantity.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";
import { statusText } from "./status_text.ts";

/** `vm add`. */
export const addCommand: Command = remoteCommand({
  verb: "vm add",
  details: "Prints each disk's NBD URI and the argument with which QEMU attaches it. The guest's " +
    "writes go through Warmsite from then on; stop the machine before.",
  options: {
    disk: {
      value: "FILE",
      about: "A raw image file or block device",
      required: true,
      multiple: true,
    },
  },
  args: (invocation) => ({
    vm: operand(invocation, 0),
    disks: (invocation.options.get("disk") ?? []).map(callerPath),
  }),
  render: addedText,
});

function addedText(result: Value): string {
  const { vm, disks } = fieldsOf(result);
  const lines = [`Added machine "${textOf(vm)}"`];
  for (const disk of rowsOf(disks)) {
    const size = typeof disk["size"] === "number" ? formatSize(disk["size"]) : "";
    lines.push(
      `Disk ${textOf(disk["name"])}: ${textOf(disk["path"])}, ${size}`,
      `  NBD   ${textOf(disk["uri"])}`,
      `  QEMU  ${textOf(disk["qemu"])}`,
    );
  }
  lines.push(`Protect it: warmsite replication enable ${textOf(vm)} --data DIR --to HOST:PORT`);
  return lines.join("\n");
}

/** `vm list`. */
export const listCommand: Command = remoteCommand({
  verb: "vm list",
  operands: [],
  args: () => ({}),
  render: statusText,
});

/** What is left of a replica whose storage location was missing when it was removed. */
export function leftText(result: Value): string {
  const { left } = fieldsOf(result);
  if (typeof left !== "string") return "";
  return `\nIts storage location is missing: when it is back, remove what is left, ${left}`;
}

/** The option of whoever removes a replica that its primary counts on. */
export const FORCED_REMOVAL = {
  about: "On the replica: also while its primary, which is lost, has prepared a planned failover",
};

/** `vm remove`. */
export const removeCommand: Command = remoteCommand({
  verb: "vm remove",
  options: {
    force: {
      about:
        `${FORCED_REMOVAL.about}. On the primary: also one that is replicated, while it cannot be opened`,
    },
  },
  args: (invocation) => ({ vm: operand(invocation, 0), force: isGiven(invocation, "force") }),
  render: (result) => `Removed machine "${textOf(fieldsOf(result)["vm"])}"${leftText(result)}`,
});
