/**
 * Who is at the other end of a TLS connection, and with which options it is asked.
 *
 * Rule: a peer is accepted only when the runtime's TLS has verified its certificate and that it has
 * the key, and `certificate_check.ts` agrees. The runtime is asked to go on with a certificate that
 * it does not accept, for one reason: to be able to say why it is refused.
 *
 * @module
 */

import type * as tls from "node:tls";
import type { PeerIdentity } from "../core/ports/network.ts";
import {
  type CertificateFacts,
  type CertificateTrouble,
  checkCertificate,
  readCertificates,
} from "./certificate_check.ts";
import type { Purpose } from "./certificates.ts";
import { PROTOCOL } from "./greeting.ts";
import type { Credentials } from "./pki.ts";

/** An accepted peer, or why it is refused and what its certificate says. */
export type Identification =
  | { readonly peer: PeerIdentity }
  | {
    readonly trouble: CertificateTrouble;
    readonly facts: CertificateFacts | undefined;
  };

/** Options for both ends. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca: string[];
  readonly minVersion: "TLSv1.3";
  readonly ALPNProtocols: string[];
  readonly rejectUnauthorized: false;
}

const ONE_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What both ends ask of TLS. */
export function tlsOptions(credentials: Credentials): TlsOptions {
  return {
    key: credentials.key,
    cert: credentials.certificate,
    ca: credentials.authorities.match(ONE_CERTIFICATE) ?? [],
    minVersion: "TLSv1.3",
    ALPNProtocols: [PROTOCOL],
    rejectUnauthorized: false,
  };
}

/** Who is at the other end of `socket`, or why it is refused. */
export function identify(
  socket: tls.TLSSocket,
  credentials: Credentials,
  purpose: Purpose,
  address: string,
): Identification {
  // Typed as always there; empty or undefined when the peer showed none.
  const raw = socket.getPeerCertificate()?.raw as Uint8Array | undefined;
  if (raw === undefined) return { trouble: "missing", facts: undefined };
  const authorities = readCertificates(credentials.authorities);
  const facts = checkCertificate(raw, authorities, purpose, new Date());
  // Both must agree; where only the runtime refuses, its reason is unknown.
  const trouble = facts.trouble ?? (socket.authorized ? undefined : "foreign");
  if (trouble !== undefined) return { trouble, facts };
  return { peer: { name: facts.name, fingerprint: facts.fingerprint, address } };
}
