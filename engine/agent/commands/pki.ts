/**
 * `warmsite pki`: the authority of all servers, and their certificates.
 *
 * @module
 */

import * as fs from "node:fs";
import { requestFailure } from "../../core/base/failure.ts";
import { initAuthority, issueToServer, readCredentials } from "../../host/pki.ts";
import { requestedName } from "../../host/certificates.ts";
import { callerPath } from "../caller.ts";
import { type Command, DATA_OPTION, requiredOption } from "../command/command.ts";
import { readSettings } from "../home.ts";

const AUTHORITY_OPTION = {
  value: "CADIR",
  about: "The authority's folder, made by `warmsite pki ca`",
  required: true,
};

/** `pki ca`. */
export const authorityCommand: Command = {
  words: "pki ca",
  about: "Make the authority that signs the certificates of all servers",
  details: "Keep its folder off the servers: who has its key can be any server.",
  options: { out: { value: "CADIR", about: "The folder to make", required: true } },
  async run(invocation) {
    const folder = callerPath(requiredOption(invocation, "out"));
    await initAuthority(folder);
    return {
      value: { ca: folder, certificate: `${folder}/ca.pem` },
      text: `Made an authority in ${folder}; keep ca-key.pem secret`,
    };
  },
};

/** `pki issue`. */
export const issueCommand: Command = {
  words: "pki issue",
  about: "Sign a server's request for its name; install certificate and authority",
  details: "May be repeated before the certificate ends; SIGHUP makes a running server read it.",
  options: { ca: AUTHORITY_OPTION, data: DATA_OPTION },
  async run(invocation) {
    const authority = callerPath(requiredOption(invocation, "ca"));
    const data = callerPath(requiredOption(invocation, "data"));
    await checkRequest(data);
    const name = await issueToServer(authority, data);
    const { fingerprint, notAfter } = readCredentials(data);
    const ends = new Date(notAfter).toISOString();
    return {
      value: { name, certificate: `${data}/tls/certificate.pem`, fingerprint, notAfter: ends },
      text: `Issued a certificate for server "${name}", valid until ${ends}`,
    };
  },
};

/** A request for another name would make a server that nobody knows by the name in its settings. */
async function checkRequest(data: string): Promise<void> {
  const { name } = readSettings(data);
  const file = `${data}/tls/request.pem`;
  // Its absence is reported by whoever signs it.
  if (!fs.existsSync(file)) return;
  const requested = await requestedName(fs.readFileSync(file, "utf8"));
  if (requested === name) return;
  throw requestFailure(
    "bad-name",
    `The request in "${data}" is for "${requested}", and the server's name is "${name}"`,
    'Make a new home with "warmsite init", or put its own request back',
  );
}
