/**
 * The one byte by which a listening server says, right after the TLS handshake, whether it accepts.
 *
 * In TLS 1.3 a client has finished before the server has seen its certificate, and a refusal then
 * looks like any lost connection. With this byte both ends know, and an administrator reads the
 * same reason at both. It is part of what ALPN `warmsite/1` means; frames follow it.
 *
 * @module
 */

import { Failed, peerFailure } from "../core/base/failure.ts";
import type { CertificateFacts, CertificateTrouble } from "./certificate_check.ts";

/** The name of the protocol in the TLS handshake. */
export const PROTOCOL = "warmsite/1";

/** Sent when the client is accepted. */
export const ACCEPTED = 0;

/** Numbers never change their meaning; unknown ones mean refused. */
const NUMBERS: Readonly<Record<CertificateTrouble, number>> = {
  "missing": 1,
  "expired": 2,
  "not-yet-valid": 3,
  "foreign": 4,
  "wrong-purpose": 5,
  "no-name": 6,
};

/** The byte that tells a client why it is refused. */
export function refusalByte(trouble: CertificateTrouble): number {
  return NUMBERS[trouble];
}

const ISSUE = 'issue a new one with "warmsite pki issue --ca CADIR --data DIR"';

/** Why we refuse the certificate of the peer at `address`. */
export function refuses(
  trouble: CertificateTrouble,
  address: string,
  facts: Pick<CertificateFacts, "name" | "notBefore" | "notAfter"> | undefined,
): Failed {
  const peer = facts === undefined || facts.name === "" ? address : `"${facts.name}" at ${address}`;
  switch (trouble) {
    case "missing":
      return refusal(`${peer} shows no certificate`, `There, ${ISSUE}`);
    case "expired": {
      const when = facts?.notAfter.toISOString();
      return refusal(`The certificate of ${peer} expired at ${when}`, `There, ${ISSUE}`);
    }
    case "not-yet-valid": {
      const when = facts?.notBefore.toISOString();
      return refusal(
        `The certificate of ${peer} is valid only from ${when} on`,
        "Set the clocks of both servers right",
      );
    }
    case "foreign":
      return refusal(
        `The certificate of ${peer} was signed by an authority that this server does not trust`,
        "Give both servers certificates of one authority, or add the other's to tls/ca.pem",
      );
    case "wrong-purpose":
      return refusal(
        `The certificate of ${peer} may not be used for this`,
        `It needs both serverAuth and clientAuth; there, ${ISSUE}`,
      );
    case "no-name":
      return refusal(`The certificate of ${peer} holds no server name`, `There, ${ISSUE}`);
  }
}

/** What it means that the server at `address` sent `byte` where it would have accepted. */
export function refusedBy(byte: number, address: string): Failed {
  const trouble = (Object.keys(NUMBERS) as CertificateTrouble[])
    .find((name) => NUMBERS[name] === byte);
  const reasons: Readonly<Record<CertificateTrouble, readonly [why: string, action: string]>> = {
    "missing": ["it saw none", `Here, ${ISSUE}`],
    "expired": ["it has expired", `Here, ${ISSUE}`],
    "not-yet-valid": ["it is not valid yet", "Set the clocks of both servers right"],
    "foreign": [
      "it does not trust the authority that signed it",
      "Give both servers certificates of one authority, or add the other's to tls/ca.pem there",
    ],
    "wrong-purpose": ["it may not be used by a client", `Here, ${ISSUE}`],
    "no-name": ["it holds no server name", `Here, ${ISSUE}`],
  };
  const [why, action] = trouble === undefined
    ? ["for a reason that this version does not know", "Update this server"]
    : reasons[trouble];
  return refusal(`${address} refuses this server's certificate: ${why}`, action);
}

/** The peer does not speak our protocol. */
export function otherProtocol(address: string): Failed {
  return refusal(
    `${address} does not speak "${PROTOCOL}"`,
    "Check host and port: they must be those that the other server listens at for its peers",
  );
}

function refusal(message: string, action: string): Failed {
  return peerFailure("unauthenticated", message, action);
}
