/**
 * `warmsite vm disk`: the disks of a machine, one at a time.
 *
 * @module
 */

import { callerPath } from "../caller.ts";
import {
  type Command,
  type Invocation,
  isGiven,
  operand,
  requiredOption,
} from "../command/command.ts";
import { formatSize, parseCount, parseSize } from "../command/quantity.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";

/** The machine, and a disk of it by its number. */
const MACHINE_AND_DISK = [{ name: "VM" }, { name: "DISK" }];

function machineAndDisk(invocation: Invocation): { readonly vm: string; readonly disk: number } {
  return { vm: operand(invocation, 0), disk: parseCount(operand(invocation, 1), "DISK") };
}

/** `vm disk add`. */
export const addDiskCommand: Command = remoteCommand({
  verb: "vm disk add",
  details:
    "Served at once, and tracked from then on. Its first copy travels with the next recovery point, which is " +
    "the first that has it; a failover to an older one has an empty disk of its size in its place.",
  options: {
    disk: { value: "FILE", about: "A raw image file or block device", required: true },
  },
  args: (invocation) => ({
    vm: operand(invocation, 0),
    disk: callerPath(requiredOption(invocation, "disk")),
  }),
  render: (result) => {
    const { vm, disks } = fieldsOf(result);
    return [
      `Added a disk to "${textOf(vm)}"`,
      ...rowsOf(disks).flatMap((disk) => [
        `Disk ${textOf(disk["name"])}: ${textOf(disk["path"])}`,
        `  NBD   ${textOf(disk["uri"])}`,
        `  QEMU  ${textOf(disk["qemu"])}`,
      ]),
    ].join("\n");
  },
});

/** `vm disk remove`. */
export const removeDiskCommand: Command = remoteCommand({
  verb: "vm disk remove",
  operands: MACHINE_AND_DISK,
  details:
    "Refused while a guest is attached to it. Its file stays, and so do the recovery points that have it; at the " +
    "replica its disk goes with the last of them. The other disks keep their numbers; this one is not used again.",
  args: machineAndDisk,
  render: (result) => {
    const { name, path } = fieldsOf(result);
    return `Removed disk ${textOf(name)}; its file ${textOf(path)} stays as it is`;
  },
});

/** `vm disk exclude`. */
export const excludeDiskCommand: Command = remoteCommand({
  verb: "vm disk exclude",
  operands: MACHINE_AND_DISK,
  details:
    "For what a machine can do without, a swap or scratch disk. Its guest goes on using it. A failover offers an " +
    "empty disk of its size, so that the machine starts. With --off it is taken in again, like one that is added.",
  options: { off: { about: "Replicate it again" } },
  args: (invocation) => ({ ...machineAndDisk(invocation), off: isGiven(invocation, "off") }),
  render: (result) => {
    const { name, excluded } = fieldsOf(result);
    return excluded === true
      ? `Disk ${textOf(name)} is not replicated from now on`
      : `Disk ${textOf(name)} is replicated again, from the next recovery point on`;
  },
});

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
