/**
 * `warmsite vm disk`: the disks of a machine, one at a time.
 *
 * @module
 */

import { type Command, operand } from "../command/command.ts";
import { formatSize, parseCount, parseSize } from "../command/quantity.ts";
import { fieldsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";

/** The machine, and a disk of it by its number. */
const MACHINE_AND_DISK = [{ name: "VM" }, { name: "DISK" }];

/** `vm disk grow`. */
export const growDiskCommand: Command = remoteCommand({
  verb: "vm disk grow",
  operands: MACHINE_AND_DISK,
  details:
    "DISK is the number in the name of its export: 0 in VM/0. An image file becomes longer and takes " +
    "no space by that; a block device has to be extended first, to the same size. The replica's disk grows " +
    "with the next recovery point; older points keep their size. NBD tells no client of a new size: " +
    "the guest sees it once its disk is attached again (in QEMU: device_del and device_add, or a restart).",
  options: {
    size: { value: "SIZE", about: "Its new size, e.g. 40GiB: disks grow only", required: true },
  },
  args: (invocation) => ({
    vm: operand(invocation, 0),
    disk: parseCount(operand(invocation, 1), "DISK"),
    size: parseSize(invocation.options.get("size")?.[0] ?? "", "--size"),
  }),
  render: (result) => {
    const { name, before, size } = fieldsOf(result);
    const from = typeof before === "number" ? formatSize(before) : "";
    const to = typeof size === "number" ? formatSize(size) : "";
    return [
      `Disk ${textOf(name)} has grown from ${from} to ${to}`,
      "Its guest sees that when it connects to the disk again: NBD tells no client of a new size.",
      "The replica's disk grows with the next recovery point.",
    ].join("\n");
  },
});
