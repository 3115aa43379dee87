/**
 * `warmsite failover`: bring a machine up on the replica; cancel or complete.
 *
 * @module
 */

import { type Command, isGiven, operand, option, type Value } from "../command/command.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";
import { ownSettingOptions, ownSettings } from "./settings.ts";
import { statusText } from "./status_text.ts";

/** `failover start`. */
export const startFailoverCommand: Command = remoteCommand({
  verb: "failover start",
  details:
    "Nothing is rolled back or waited for; prints the NBD URIs to start the machine on, and " +
    "starts it where a command to start is set.",
  options: {
    point: {
      value: "ID",
      about: "A recovery point of `warmsite points list`; the newest unless given",
    },
    unverified: {
      about:
        "Start although the replica's disks are suspect and were not compared to their end yet",
    },
  },
  args: (invocation) => ({
    vm: operand(invocation, 0),
    point: option(invocation, "point"),
    unverified: isGiven(invocation, "unverified"),
  }),
  render: startedText,
});

function startedText(result: Value): string {
  const { vm, point, unverified, disks, started, startFailure } = fieldsOf(result);
  return [
    `"${textOf(vm)}" is failed over to recovery point ${textOf(point)}`,
    ...(unverified === true ? ["NOT VERIFIED: its disks may differ from the recovery point"] : []),
    ...diskLines(disks),
    ...(typeof startFailure === "string" ? [`NOT STARTED: ${startFailure}`] : []),
    started === true ? "It was started" : "Start the machine on them",
    `To stay here: "warmsite failover reverse ${
      textOf(vm)
    }", which replicates back; "failover complete" leaves it`,
    'unprotected. To go back, or to choose another point: "failover cancel"',
  ].join("\n");
}

/** `failover test`. */
export const testFailoverCommand: Command = remoteCommand({
  verb: "failover test",
  details:
    "Machine `VM - Test`, then `VM - Test 2`, …: each on overlays of its own, while replication goes " +
    "on; prints the NBD URIs, and starts it where a command to start is set (WARMSITE_TEST=1). What is " +
    "written on it goes with it.",
  options: {
    point: {
      value: "ID",
      about: "A recovery point of `warmsite points list`; the newest unless given",
    },
    unverified: {
      about: "Test although the replica's disks are suspect and were not compared to their end yet",
    },
    delete: {
      value: "NAME",
      about: "Delete this test instead, stopping it where a command to stop is set",
    },
  },
  args: (invocation) => ({
    vm: operand(invocation, 0),
    point: option(invocation, "point"),
    unverified: isGiven(invocation, "unverified"),
    delete: option(invocation, "delete"),
  }),
  render: testedText,
});

function testedText(result: Value): string {
  const { vm, testOf, point, deleted, disks, started, startFailure } = fieldsOf(result);
  if (deleted === true) return `Deleted "${textOf(vm)}", and all that was written on it`;
  return [
    `"${textOf(vm)}" stands on recovery point ${textOf(point)}`,
    ...diskLines(disks),
    ...(typeof startFailure === "string" ? [`NOT STARTED: ${startFailure}`] : []),
    started === true ? "It was started" : "Start the machine on them",
    `Behind the test: warmsite failover test ${textOf(testOf)} --delete "${textOf(vm)}"`,
  ].join("\n");
}

function diskLines(disks: Value | undefined): string[] {
  return rowsOf(disks).flatMap((disk) => [
    `Disk ${textOf(disk["name"])}`,
    `  NBD   ${textOf(disk["uri"])}`,
    `  QEMU  ${textOf(disk["qemu"])}`,
  ]);
}

/** `failover cancel`. */
export const cancelFailoverCommand: Command = remoteCommand({
  verb: "failover cancel",
  details:
    "On the replica it takes back a failover, and stops the machine first where a command to stop is set; on the primary a planned one that was prepared, which " +
    "the replica has to agree to.",
  options: {
    force: {
      about:
        "On the primary: without the replica's word. Should the machine have been started there, both " +
        "sides go on",
    },
  },
  args: (invocation) => ({ vm: operand(invocation, 0), force: isGiven(invocation, "force") }),
  render: statusText,
});

/** `failover complete`. */
export const completeFailoverCommand: Command = remoteCommand({
  verb: "failover complete",
  details:
    "The machine must be off. Its disks are plain files afterwards; earlier points are gone.",
  render: completedText,
});

function completedText(result: Value): string {
  const { vm, failedOverTo, point, files } = fieldsOf(result);
  const paths = Array.isArray(files) ? files.map((file: Value) => textOf(file)) : [];
  return [
    `The failover of "${textOf(vm)}" to recovery point ${textOf(failedOverTo)} is complete`,
    `What it is from here on, with all that was written since, is recovery point ${textOf(point)}`,
    ...paths.map((path, index) => `Disk ${textOf(vm)}/${index}  ${path}`),
    `Nothing replicates it: "warmsite failover reverse ${
      textOf(vm)
    }" serves its disks here again, and replicates back`,
  ].join("\n");
}

/** `failover reverse`. */
export const reverseCommand: Command = remoteCommand({
  verb: "failover reverse",
  details:
    "Completes the failover if that is still open. The machine may run meanwhile: its disks are " +
    "served again under the same names. Changes go back to the old primary by delta, as soon as its " +
    "guest is off and it can be reached; it becomes the replica by itself. What no option says stays as it " +
    "was chosen for the machine.",
  options: ownSettingOptions([], false),
  args: ownSettings,
  render: statusText,
});

/** `failover prepare`. */
export const prepareCommand: Command = remoteCommand({
  verb: "failover prepare",
  details:
    "On the primary. The machine must be off; its disks are served to nobody until the planned " +
    "failover is cancelled here, or the machine was reversed there. What fails on the way is gone on with by " +
    "asking again.",
  render: statusText,
});

/** `failover planned`. */
export const plannedCommand: Command = remoteCommand({
  verb: "failover planned",
  details:
    "On the primary: prepare, and on the replica start and reverse, in one act. The machine must be " +
    "off; the replica's start command brings it up there, if there is one.",
  render: movedText,
});

function movedText(result: Value): string {
  const { vm, primary } = fieldsOf(result);
  const [name, server] = [textOf(vm), textOf(primary)];
  return `${
    statusText(result)
  }\nIt is at "${server}" now: there, start its guest, unless its command to start ` +
    `does; "warmsite replication status ${name}" tells if that failed`;
}

/** `failover resolve`. */
export const resolveCommand: Command = remoteCommand({
  verb: "failover resolve",
  details:
    "Each side is named by its newest generation, under `branches` in `warmsite replication status`. " +
    "The side that gives way becomes the replica once its guest is off; what it alone has stays there as a " +
    "recovery point. On a replica that keeps such a point, naming the generation in force lets it go.",
  options: { keep: { value: "BRANCH", about: "The side that stays", required: true } },
  args: (invocation) => ({ vm: operand(invocation, 0), keep: option(invocation, "keep") }),
  render: statusText,
});
