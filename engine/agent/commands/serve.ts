/**
 * `warmsite serve`: runs a server in the foreground.
 *
 * @module
 */

import { callerPath } from "../caller.ts";
import {
  type Command,
  DATA_OPTION,
  type Invocation,
  isGiven,
  option,
  requiredOption,
} from "../command/command.ts";
import { usageProblem } from "../problem.ts";

/** `serve`. */
export const serveCommand: Command = {
  words: "serve",
  about: "Run the server until SIGTERM",
  details:
    "Prints the inbound port once it is ready; logs on stderr. SIGHUP reads the certificates " +
    "again. NBD over TCP has no password: keep it on loopback unless the network is your own.",
  options: {
    data: DATA_OPTION,
    "nbd-tcp": { value: "HOST:PORT", about: "Serve guests over TCP as well, written through" },
    "nbd-anywhere": { about: "Allow --nbd-tcp on an address that other hosts can reach" },
    log: { value: "json|text", about: "How log lines look; text on a terminal, else json" },
    verbose: { about: "Log cuts, transfers and applied points too" },
    "until-eof": {
      about: "Stop when standard input ends as well: for programs that start a server",
    },
  },
  async run(invocation) {
    // Loaded here: the engine and its packages are what every other command starts without.
    const { serve } = await import("../service/run.ts");
    const { nbdTcpAddress } = await import("../service/service.ts");
    const tcp = option(invocation, "nbd-tcp");
    return await serve({
      data: callerPath(requiredOption(invocation, "data")),
      logFormat: logFormat(invocation),
      verbose: isGiven(invocation, "verbose"),
      untilEof: isGiven(invocation, "until-eof"),
      json: invocation.json,
      terminal: invocation.terminal,
      ...(tcp === undefined
        ? {}
        : { nbdTcp: nbdTcpAddress(tcp, isGiven(invocation, "nbd-anywhere")) }),
    });
  },
};

function logFormat(invocation: Invocation): "json" | "text" {
  const chosen = option(invocation, "log");
  if (chosen === undefined) return Deno.stderr.isTerminal() ? "text" : "json";
  if (chosen === "json" || chosen === "text") return chosen;
  throw usageProblem(`--log is neither json nor text: "${chosen}"`, "Write json or text");
}
