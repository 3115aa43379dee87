/**
 * `warmsite server`: what holds for the whole server.
 *
 * @module
 */

import { HOUR, MINUTE } from "../../core/base/units.ts";
import { parseAddress } from "../../host/address.ts";
import { callerPath } from "../caller.ts";
import {
  type Command,
  type Invocation,
  option,
  type Value,
  type ValueObject,
} from "../command/command.ts";
import {
  formatRate,
  parseBandwidth,
  parseCount,
  parseDuration,
  parseSwitch,
} from "../command/quantity.ts";
import { fieldsOf, textOf } from "../command/value.ts";
import { usageProblem } from "../problem.ts";
import { remoteCommand } from "./remote.ts";

/** The word for the server's own place where an option names a folder. */
const DEFAULT = "default";

/** `server show`. */
export const showServerCommand: Command = remoteCommand({
  verb: "server show",
  operands: [],
  args: () => ({}),
  render: serverText,
});

/** `server set`. */
export const setServerCommand: Command = remoteCommand({
  verb: "server set",
  operands: [],
  details:
    "What is not given stays as it is. Any server whose certificate one of our authorities signed may " +
    "replicate to here, unless entries are asked: then those of `warmsite authorization list` alone. " +
    "Machines that are here stay where they are when a location changes.",
  options: {
    replica: { value: "on|off", about: "Whether other servers may replicate to here" },
    allow: {
      value: "any|entries",
      about: "Which: any authenticated server, or those with an entry",
    },
    location: {
      value: "DIR|default",
      about: "Where replicas go that no entry places; default is the home",
    },
    "monitoring-interval": {
      value: "TIME",
      about: "Over how long statistics are counted: 1, 2, 3, 4, 6, 8, 12, 24 h or 2d to 7d",
    },
    "monitoring-start": {
      value: "HH:MM",
      about: "When an interval begins, in local time; 09:00 at first",
    },
    bandwidth: {
      value: "RATE",
      about: "Bound of all that this server sends to others, e.g. 100Mbit; 0 for none",
    },
    "bandwidth-to": {
      value: "HOST:PORT=RATE",
      about: "The same for one replica server, as `replication enable --to` names it",
      multiple: true,
    },
    transfers: {
      value: "N",
      about: "Initial replications that may go on at once; 3 at first, 0 for any number",
    },
  },
  args: setArguments,
  render: serverText,
});

function setArguments(invocation: Invocation): ValueObject {
  const given = <T>(name: string, parse: (text: string, option: string) => T): T | undefined => {
    const text = option(invocation, name);
    return text === undefined ? undefined : parse(text, `--${name}`);
  };
  const limits = invocation.options.get("bandwidth-to");
  const told = {
    replica: given("replica", parseSwitch),
    allow: given("allow", parseAllow),
    location: locationArgument(invocation),
    monitoringInterval: given("monitoring-interval", parseDuration),
    monitoringStart: given("monitoring-start", parseTimeOfDay),
    bandwidth: given("bandwidth", parseBandwidth),
    bandwidthTo: limits === undefined ? undefined : Object.fromEntries(limits.map(parseLimit)),
    transfers: given("transfers", parseCount),
  };
  if (Object.values(told).every((value) => value === undefined)) {
    throw usageProblem("Nothing is to be set", 'Give an option; "warmsite server show" shows all');
  }
  return told;
}

/** `--location`: the whole path of a folder, `null` for the default, `undefined` when not given. */
export function locationArgument(invocation: Invocation): string | null | undefined {
  const text = option(invocation, "location");
  if (text === undefined) return undefined;
  return text === DEFAULT ? null : callerPath(text);
}

function parseAllow(text: string, name: string): string {
  if (text === "any" || text === "entries") return text;
  throw usageProblem(`${name} is neither any nor entries: "${text}"`, "Write any or entries");
}

/** `09:30` as µs after midnight. */
function parseTimeOfDay(text: string, name: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match !== null) return Number(match[1]) * HOUR + Number(match[2]) * MINUTE;
  throw usageProblem(`${name} is no time of day: "${text}"`, "Write HH:MM, 00:00 to 23:59");
}

/** `HOST:PORT=RATE`. */
function parseLimit(text: string): [address: string, bandwidth: number] {
  const at = text.lastIndexOf("=");
  if (at < 0) {
    throw usageProblem(
      `--bandwidth-to is not HOST:PORT=RATE: "${text}"`,
      "Write e.g. replica.example.com:7100=100Mbit, or =0 for no limit",
    );
  }
  const address = text.slice(0, at);
  parseAddress(address);
  return [address, parseBandwidth(text.slice(at + 1), "--bandwidth-to")];
}

function serverText(result: Value): string {
  const told = fieldsOf(result);
  const limits = Object.entries(fieldsOf(told["bandwidthTo"]));
  const { entries, listen } = told;
  const allowed = told["allow"] === "any"
    ? "any authenticated server"
    : `those with an authorization entry (${textOf(entries)})`;
  const replica = told["replica"] === true ? `from ${allowed}` : "from nobody";
  const warnings = Array.isArray(told["warnings"]) ? told["warnings"] : [];
  const transfers = told["transfers"] === 0 ? "any number" : textOf(told["transfers"]);
  return [
    `Server "${textOf(told["server"])}"${listen === null ? "" : `, listens on ${textOf(listen)}`}`,
    `  Replicas        ${replica}`,
    `  Location        ${told["location"] === null ? "its home" : textOf(told["location"])}`,
    `  Statistics      every ${textOf(told["monitoringIntervalHours"])} h from ${
      textOf(told["monitoringStart"])
    } on`,
    `  Bandwidth       ${rateText(told["bandwidth"])}`,
    ...limits.map(([address, rate]) => `    to ${address}  ${rateText(rate)}`),
    `  Initial copies  ${transfers} at once`,
    ...warnings.map((warning: Value) => `  WARNING: ${textOf(warning)}`),
  ].join("\n");
}

function rateText(rate: Value | undefined): string {
  return typeof rate === "number" && rate > 0 ? formatRate(rate) : "no limit";
}
