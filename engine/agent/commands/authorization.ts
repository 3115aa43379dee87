/**
 * `warmsite authorization`: which servers may replicate to this one.
 *
 * @module
 */

import { type Command, operand, option, type Value } from "../command/command.ts";
import { formatTable } from "../command/table.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";
import { locationArgument } from "./server.ts";

const ENTRY = { name: "NAME|*.DOMAIN" };
const LOCATION = {
  value: "DIR|default",
  about: "The folder in which replicas from there are put; made if it is not there",
};
const TRUST_GROUP = {
  value: "GROUP",
  about: "Machines may move between primaries of one group, and between no others",
};

/** `authorization list`. */
export const listAuthorizationCommand: Command = remoteCommand({
  verb: "authorization list",
  operands: [],
  args: () => ({}),
  render: (result) => {
    const entries = rowsOf(result);
    return entries.length === 0 ? "No authorization entries" : entriesText(entries);
  },
});

/** `authorization add`. */
export const addAuthorizationCommand: Command = remoteCommand({
  verb: "authorization add",
  operands: [ENTRY],
  details:
    "NAME is that in the other server's certificate. Of several entries that fit, the one for " +
    "the whole name counts, else that of the longest domain. Only after `warmsite server set --allow " +
    "entries`.",
  options: { location: LOCATION, "trust-group": { ...TRUST_GROUP, required: true } },
  args: (invocation) => ({
    name: operand(invocation, 0),
    location: locationArgument(invocation),
    trustGroup: option(invocation, "trust-group"),
  }),
  render: (result) => `Added\n${entriesText([fieldsOf(result)])}`,
});

/** `authorization set`. */
export const setAuthorizationCommand: Command = remoteCommand({
  verb: "authorization set",
  operands: [ENTRY],
  options: { location: LOCATION, "trust-group": TRUST_GROUP },
  args: (invocation) => ({
    name: operand(invocation, 0),
    location: locationArgument(invocation),
    trustGroup: option(invocation, "trust-group"),
  }),
  render: (result) => `Changed\n${entriesText([fieldsOf(result)])}`,
});

/** `authorization remove`. */
export const removeAuthorizationCommand: Command = remoteCommand({
  verb: "authorization remove",
  operands: [{ ...ENTRY, optional: true }],
  details:
    "What is being transferred from there is refused at once, and its primary says so. Points that " +
    "are here stay, and can be failed over to.",
  options: {
    "trust-group": { value: "GROUP", about: "Remove all entries of this group instead" },
  },
  args: ({ operands: [name], options }) => ({ name, trustGroup: options.get("trust-group")?.[0] }),
  render: (result) => `Removed\n${entriesText(rowsOf(result))}`,
});

function entriesText(entries: readonly Readonly<Record<string, Value | undefined>>[]): string {
  return formatTable(
    [{ title: "NAME" }, { title: "TRUST GROUP" }, { title: "LOCATION" }],
    entries.map(({ name, trustGroup, location }) => [
      textOf(name),
      textOf(trustGroup),
      location === null ? "its home" : textOf(location),
    ]),
  );
}
