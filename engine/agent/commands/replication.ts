/**
 * `warmsite replication`: enable, set, start, cycle, status, disable.
 *
 * @module
 */
// Long because: every command about one relationship is here, each a few lines of how it is written.

import {
  type Command,
  type Invocation,
  isGiven,
  operand,
  option,
  type Value,
  type ValueObject,
} from "../command/command.ts";
import { callerPath } from "../caller.ts";
import { formatDuration, formatSize } from "../command/quantity.ts";
import { fieldsOf, textOf } from "../command/value.ts";
import { callServer } from "../management/client.ts";
import { problemOf, usageProblem } from "../problem.ts";
import { remoteCommand } from "./remote.ts";
import { settingOptions, settingsOf } from "./settings.ts";
import { statusText } from "./status_text.ts";
import { FORCED_REMOVAL, leftText } from "./vm.ts";

/** The status, and what the replica will need for the points that are chosen. */
function settingsText(result: Value): string {
  const { storage } = fieldsOf(result);
  const status = statusText(result);
  return storage === undefined ? status : `${status}\n${storageText(fieldsOf(storage))}`;
}

function storageText(storage: ValueObject): string {
  const size = (key: string) => formatSize(Number(storage[key]));
  const seconds = Number(storage["measuredSeconds"]);
  const basis = seconds > 0
    ? `${size("perDay")} of distinct blocks written in a day, measured for ${
      formatDuration(seconds * 1_000_000)
    }`
    : `nothing measured yet, and assuming that a twentieth of the disks is written in a day`;
  return `The replica will need up to ${size("bytes")}: ${size("disks")} for the disks, ` +
    `${size("points")} for the points, ${size("work")} to work with (${basis})`;
}

/** `replication enable`. */
export const enableCommand: Command = remoteCommand({
  verb: "replication enable",
  details: "Tracking begins at once; data travels after `warmsite replication start`. With " +
    "`--as-replica`, at the replica server: the files of `--disk` are a copy of VM, its disks from then on; " +
    "`warmsite replication start VM --existing-copy` at the primary brings them up to date.",
  options: {
    ...settingOptions([], true),
    "as-replica": { about: "This server has a copy of the machine, a restored backup for example" },
    disk: {
      value: "FILE",
      about: "With --as-replica: a raw image or block device that is the copy of a disk, in order",
      multiple: true,
    },
    from: {
      value: "NAME",
      about:
        "With --as-replica: the only server that may be its primary; any that may replicate here unless given",
    },
  },
  args(invocation) {
    if (isGiven(invocation, "as-replica")) {
      const disks = (invocation.options.get("disk") ?? []).map(callerPath);
      return {
        vm: operand(invocation, 0),
        asReplica: true,
        disks,
        from: option(invocation, "from"),
      };
    }
    if (option(invocation, "to") === undefined) {
      throw usageProblem(
        "--to HOST:PORT is missing",
        "Name the replica server; or, at the replica, say --as-replica and name the copy's files",
      );
    }
    return settingsOf(invocation);
  },
  after: withConnection,
  render: (result) => `${settingsText(result)}${connectionText(result)}`,
});

/**
 * Adds `connection`: null, or what keeps this server from replicating there now. It is a warning alone: the replica
 * may be down, or its administrator still has to let this server in.
 */
async function withConnection(data: string, { to }: ValueObject, value: Value): Promise<Value> {
  if (to === undefined) return value;
  try {
    await callServer(data, "connection test", { to });
    return { ...fieldsOf(value), connection: null };
  } catch (error) {
    const { code, message, action } = problemOf(error);
    return { ...fieldsOf(value), connection: { code, message, action } };
  }
}

function connectionText(result: Value): string {
  const { connection } = fieldsOf(result);
  if (connection === undefined || connection === null) return "";
  const { message, action } = fieldsOf(connection);
  return `\nWARNING: nothing would arrive now: ${textOf(message)}\n  ${textOf(action)}`;
}

/** `replication set`. */
export const setCommand: Command = remoteCommand({
  verb: "replication set",
  details:
    "What is not named stays as it is. A cycle under way ends as it began and loses nothing; " +
    "a bandwidth holds at once. Each side has commands of its own, set there and never sent; " +
    "`--start none` takes one away.",
  options: settingOptions([], false),
  args: settingsOf,
  render: settingsText,
});

/** What three commands say of a machine that is not named. */
const ONLY_MACHINE = "Without VM it is the only machine whose guest runs on this server.";
const optionalMachine = {
  operands: [{ name: "VM", optional: true }],
  args: ({ operands: [vm] }: Invocation): ValueObject => ({ vm }),
};

/** `replication start`. */
export const startCommand: Command = remoteCommand({
  verb: "replication start",
  operands: optionalMachine.operands,
  args: (invocation) => ({
    ...optionalMachine.args(invocation),
    takeOver: isGiven(invocation, "take-over"),
    at: option(invocation, "at"),
    existingCopy: isGiven(invocation, "existing-copy"),
    export: option(invocation, "export") === undefined
      ? undefined
      : callerPath(option(invocation, "export") as string),
  }),
  options: {
    "existing-copy": {
      about:
        "The replica server has a copy already (`replication enable VM --as-replica` there): it is compared, " +
        "and what differs travels",
    },
    export: {
      value: "DIR",
      about:
        "On media: a package is written into DIR, encrypted for its replica, for `replication import` there; what changes meanwhile " +
        "travels after that",
    },
    at: {
      value: "TIME",
      about: 'Not now: "18:30", the next one; "2026-12-24T18:30" in local time, or with "Z" or ' +
        '"+01:00"; at most 30 days ahead',
    },
    "take-over": {
      about:
        "Of two copies of this server, a clone or a restored one, this is the one to go on with",
    },
  },
  details: `Returns at once; \`warmsite replication status\` shows the progress. ${ONLY_MACHINE}`,
  render: statusText,
});

/** `replication import`. */
export const importCommand: Command = remoteCommand({
  verb: "replication import",
  operands: [{ name: "PATH" }],
  args: ({ operands: [path] }) => ({ path: callerPath(path ?? "") }),
  details:
    "PATH is the folder that `replication start --export` made, NAME_ID, wherever it was carried or copied. The " +
    "package is read twice: checked as a whole, then written. A refused one changes nothing.",
  render: statusText,
});

/** `replication stop`. */
export const stopCommand: Command = remoteCommand({
  verb: "replication stop",
  ...optionalMachine,
  details:
    "Tracking goes on and what was sent stays: `warmsite replication start` goes on there. " +
    ONLY_MACHINE,
  render: statusText,
});

/** `replication pause`. */
export const pauseCommand: Command = remoteCommand({
  verb: "replication pause",
  ...optionalMachine,
  details:
    "On the primary nothing is sent until it is resumed; on the replica what is sent is refused, and a " +
    `failover works as ever. It survives a restart. ${ONLY_MACHINE}`,
  render: statusText,
});

/** `replication resume`. */
export const resumeCommand: Command = remoteCommand({
  verb: "replication resume",
  ...optionalMachine,
  details: `Everything that changed meanwhile is sent at once. ${ONLY_MACHINE}`,
  render: statusText,
});

/** `replication cycle`. */
export const cycleCommand: Command = remoteCommand({
  verb: "replication cycle",
  operands: optionalMachine.operands,
  args: (invocation) => ({
    ...optionalMachine.args(invocation),
    appConsistent: isGiven(invocation, "app-consistent"),
  }),
  options: {
    "app-consistent": {
      about: "With the guest frozen for the cut; fails where the point is crash-consistent only",
    },
  },
  details: ONLY_MACHINE,
  render(result) {
    const { vm, point, kind } = fieldsOf(result);
    return `Recovery point ${textOf(point)} (${textOf(kind)}) of "${
      textOf(vm)
    }" is staged at the replica`;
  },
});

/** `replication status`. */
export const statusCommand: Command = remoteCommand({
  verb: "replication status",
  ...optionalMachine,
  details: "Without VM, all machines of this server, with `--json` as a list.",
  render: statusText,
});

/** `replication disable`. */
export const disableCommand: Command = remoteCommand({
  verb: "replication disable",
  operands: optionalMachine.operands,
  options: { force: FORCED_REMOVAL },
  args: (invocation) => ({
    ...optionalMachine.args(invocation),
    force: isGiven(invocation, "force"),
  }),
  details: `On the replica, its points are removed with it. ${ONLY_MACHINE}`,
  render: (result) =>
    `Replication of "${textOf(fieldsOf(result)["vm"])}" is disabled here${leftText(result)}`,
});
