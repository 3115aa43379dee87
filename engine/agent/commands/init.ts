/**
 * `warmsite init`: a server's home.
 *
 * @module
 */

import { callerPath } from "../caller.ts";
import { type Command, requiredOption } from "../command/command.ts";
import { createHome } from "../home.ts";

/** `init`. */
export const initCommand: Command = {
  words: "init",
  about: "Make a server's home: settings, key, certificate request",
  options: {
    data: { value: "DIR", about: "The folder to make; must not exist or be empty", required: true },
    name: { value: "NAME", about: "The server's name, also in its certificate", required: true },
    listen: {
      value: "HOST:PORT",
      about: "Where other servers connect; port 0 is any free one",
      required: true,
    },
  },
  async run(invocation) {
    const data = callerPath(requiredOption(invocation, "data"));
    const name = requiredOption(invocation, "name");
    const listen = requiredOption(invocation, "listen");
    await createHome(data, { name, listen });
    const request = `${data}/tls/request.pem`;
    return {
      value: { data, name, listen, request },
      text: [
        `Made the home of server "${name}" in ${data}`,
        `Give it a certificate: warmsite pki issue --ca CADIR --data ${data}`,
        `(make CADIR once for all servers: warmsite pki ca --out CADIR)`,
      ].join("\n"),
    };
  },
};
