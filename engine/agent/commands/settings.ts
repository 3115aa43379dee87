/**
 * The settings of a relationship as the command line has them, for every command that takes some.
 *
 * @module
 */

import { parseAddress } from "../../host/address.ts";
import {
  type Invocation,
  operand,
  type Option,
  option,
  type Value,
  type ValueObject,
} from "../command/command.ts";
import { parseBandwidth, parseDuration, parseSwitch } from "../command/quantity.ts";
import { COMMAND_OPTIONS, commandArguments } from "./guest_commands.ts";

/** How a setting is written on the command line, by the argument of the verb that takes it. */
interface WrittenSetting {
  /** The verb's argument, where it is not named like the option. */
  readonly argument?: string;
  readonly value: string;
  readonly about: string;
  /** What it is when nothing is said, for the help of `enable`. */
  readonly usual?: string;
  readonly parse: (text: string, option: string) => Value;
}

/** Every setting of a relationship: an option of `enable` and of `set` each. */
const SETTING_OPTIONS: Readonly<Record<string, WrittenSetting>> = {
  to: {
    value: "HOST:PORT",
    about: "Where the replica server listens",
    parse: (text) => {
      parseAddress(text);
      return text;
    },
  },
  frequency: {
    value: "TIME",
    about: "Between cycles, 1s to 1h",
    usual: "5m unless given",
    parse: parseDuration,
  },
  retention: {
    value: "TIERS",
    about:
      "Recovery points to keep at the replica: `newest`, `last N`, `hourly N`, or tiers such as " +
      "`all 2h, hourly 1d, daily 30d`",
    usual: "`last 24` unless given",
    parse: (text) => text,
  },
  compression: {
    value: "on|off",
    about: "Compress what travels",
    usual: "on unless given",
    parse: parseSwitch,
  },
  bandwidth: {
    value: "RATE",
    about: "Bound, e.g. 100Mbit",
    usual: "none unless given; 0 for none",
    parse: parseBandwidth,
  },
  "app-consistent": {
    argument: "appConsistent",
    value: "TIME",
    about: "Between two application-consistent points, from one cycle to 7d",
    usual: "0, none, unless given",
    parse: (text, name) => text === "0" ? 0 : parseDuration(text, name),
  },
  resync: {
    value: "WHEN",
    about: "When whole disks are compared, if that is due: auto, manual, or a window in local " +
      "time, e.g. 18:30-06:00",
    usual: "auto unless given",
    parse: (text) => text,
  },
  "on-unknown": {
    argument: "onUnknown",
    value: "serve|hold",
    about:
      "What this server does at its start when the replica does not say whether the machine runs " +
      "there: serve its guest, or hold it back",
    usual: "serve unless given",
    parse: (text) => text,
  },
  rpo: {
    value: "TIME",
    about: "Objective: how old the newest point may be before status warns",
    usual: "twice the frequency unless given",
    parse: parseDuration,
  },
};

/** The options of a relationship's settings; `enable` must be given `required` and tells what is usual. */
export function ownSettingOptions(
  required: readonly string[],
  enabling: boolean,
): Record<string, Option> {
  const options: Record<string, Option> = {};
  for (const [name, { value, about, usual }] of Object.entries(SETTING_OPTIONS)) {
    const said = enabling && usual !== undefined ? `${about}; ${usual}` : about;
    options[name] = { value, about: said, ...(required.includes(name) ? { required: true } : {}) };
  }
  return options;
}

/** The same, and the administrator's commands of this side. */
export function settingOptions(
  required: readonly string[],
  enabling: boolean,
): Record<string, Option> {
  return { ...ownSettingOptions(required, enabling), ...COMMAND_OPTIONS };
}

/** The verb's arguments for the settings that were given. */
export function ownSettings(invocation: Invocation): ValueObject {
  const given: Record<string, Value | undefined> = { vm: operand(invocation, 0) };
  for (const [name, { parse, argument = name }] of Object.entries(SETTING_OPTIONS)) {
    const text = option(invocation, name);
    if (text !== undefined) given[argument] = parse(text, `--${name}`);
  }
  return given;
}

/** The same, and the commands that were given. */
export function settingsOf(invocation: Invocation): ValueObject {
  return { ...ownSettings(invocation), ...commandArguments(invocation) };
}
