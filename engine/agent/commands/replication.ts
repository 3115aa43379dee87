/**
 * `warmsite replication`: enable, start, cycle, status, disable.
 *
 * @module
 */

import { parseAddress } from "../../host/address.ts";
import {
  type Command,
  type Invocation,
  isGiven,
  operand,
  option,
  requiredOption,
  type ValueObject,
} from "../command/command.ts";
import { parseBandwidth, parseCount, parseDuration, parseSwitch } from "../command/quantity.ts";
import { fieldsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";
import { statusText } from "./status_text.ts";

/** `replication enable`. */
export const enableCommand: Command = remoteCommand({
  verb: "replication enable",
  details: "Tracking begins at once; data travels after `warmsite replication start`.",
  options: {
    to: { value: "HOST:PORT", about: "Where the replica server listens", required: true },
    frequency: { value: "TIME", about: "Between cycles, 1s to 1h; 5m unless given" },
    keep: { value: "N", about: "Recovery points to keep at the replica; 24 unless given" },
    compression: { value: "on|off", about: "Compress what travels; on unless given" },
    bandwidth: { value: "RATE", about: "Bound, e.g. 100Mbit; none unless given" },
    objective: {
      value: "TIME",
      about:
        "How old the newest point may be before status warns; twice the frequency unless given",
    },
  },
  args: enableArguments,
  render: statusText,
});

function enableArguments(invocation: Invocation): ValueObject {
  const given = <T>(name: string, parse: (text: string, option: string) => T): T | undefined => {
    const text = option(invocation, name);
    return text === undefined ? undefined : parse(text, `--${name}`);
  };
  const to = requiredOption(invocation, "to");
  parseAddress(to);
  return {
    vm: operand(invocation, 0),
    to,
    frequency: given("frequency", parseDuration),
    keep: given("keep", parseCount),
    compression: given("compression", parseSwitch),
    bandwidth: given("bandwidth", parseBandwidth),
    objective: given("objective", parseDuration),
  };
}

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
  }),
  options: {
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

/** `replication stop`. */
export const stopCommand: Command = remoteCommand({
  verb: "replication stop",
  ...optionalMachine,
  details:
    "Tracking goes on and what was sent stays: `warmsite replication start` goes on there. " +
    ONLY_MACHINE,
  render: statusText,
});

/** `replication cycle`. */
export const cycleCommand: Command = remoteCommand({
  verb: "replication cycle",
  ...optionalMachine,
  details: ONLY_MACHINE,
  render(result) {
    const { vm, point } = fieldsOf(result);
    return `Recovery point ${textOf(point)} of "${textOf(vm)}" is staged at the replica`;
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
  ...optionalMachine,
  details: `On the replica, its points are removed with it. ${ONLY_MACHINE}`,
  render: (result) => `Replication of "${textOf(fieldsOf(result)["vm"])}" is disabled here`,
});
