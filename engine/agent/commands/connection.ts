/**
 * `warmsite connection`: the way to another server.
 *
 * @module
 */

import { parseAddress } from "../../host/address.ts";
import { type Command, operand, option } from "../command/command.ts";
import { formatMillis } from "../command/quantity.ts";
import { fieldsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";

/** `connection test`. */
export const testConnectionCommand: Command = remoteCommand({
  verb: "connection test",
  operands: [{ name: "HOST:PORT" }],
  details:
    "From the outside in: is there such a host, does its port answer, does it speak TLS, do both servers " +
    "accept the other's certificate, is it who it should be, does it speak this protocol, and would it take " +
    "replicas from here. The first that is wrong is the answer, with what to do. Changes nothing.",
  options: {
    name: { value: "NAME", about: "Whose certificate it must be; any server's unless given" },
  },
  args: (invocation) => {
    const to = operand(invocation, 0);
    parseAddress(to);
    return { to, name: option(invocation, "name") };
  },
  render: (result) => {
    const { to, server, trustGroup, connectMicros, roundTripMicros, fingerprint } = fieldsOf(
      result,
    );
    return [
      `Server "${textOf(server)}" at ${textOf(to)} takes replicas from here, in trust group "${
        textOf(trustGroup)
      }"`,
      `  Connected in ${formatMillis(connectMicros)}, round trip ${formatMillis(roundTripMicros)}`,
      `  Its certificate: SHA-256 ${textOf(fingerprint)}`,
    ].join("\n");
  },
});
