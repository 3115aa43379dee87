/**
 * Whether a peer's certificate is good, and if not, why: in words for whoever has to mend it.
 *
 * Rule: the runtime's TLS decides as well, and both must agree to accept; but it does not say why
 * it refuses. A certificate is good if an authority of ours signed it itself, it is valid at this
 * time, it may be used for what the peer does, and it holds a name.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { isName } from "../core/base/name.ts";
import type { Purpose } from "./certificates.ts";

/** Why a certificate is refused; each has a number that tells the peer (see `greeting.ts`). */
export type CertificateTrouble =
  | "missing"
  | "expired"
  | "not-yet-valid"
  | "foreign"
  | "wrong-purpose"
  | "no-name";

/** What a certificate says, as far as anybody needs it. */
export interface CertificateFacts {
  /**
   * The first name of the subject alternative name that is a server's name; "" if there is none.
   */
  readonly name: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** First and last time at which it is valid. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** What keeps it from being accepted; `undefined` when it is good. */
  readonly trouble: CertificateTrouble | undefined;
}

/** The certificates in PEM text; throws when one is no certificate. */
export function readCertificates(pem: string): X509Certificate[] {
  const pieces = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return pieces.map((piece) => new X509Certificate(piece));
}

/** Looks at `certificate` (DER) of a peer that acts as `purpose`, at time `now`. */
export function checkCertificate(
  certificate: Uint8Array,
  authorities: readonly X509Certificate[],
  purpose: Purpose,
  now: Date,
): CertificateFacts {
  const node = new X509Certificate(certificate);
  const parsed = new x509.X509Certificate(new Uint8Array(certificate));
  const name = serverName(parsed);
  return {
    name,
    fingerprint: node.fingerprint256.replaceAll(":", "").toLowerCase(),
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    trouble: troubleOf(node, parsed, name, authorities, purpose, now),
  };
}

function troubleOf(
  node: X509Certificate,
  parsed: x509.X509Certificate,
  name: string,
  authorities: readonly X509Certificate[],
  purpose: Purpose,
  now: Date,
): CertificateTrouble | undefined {
  // First whether it is ours at all: what a stranger's certificate says is nobody's business.
  if (!authorities.some((authority) => node.verify(authority.publicKey))) return "foreign";
  if (now > parsed.notAfter) return "expired";
  if (now < parsed.notBefore) return "not-yet-valid";
  const usage = parsed.getExtension(x509.ExtendedKeyUsageExtension);
  const wanted = purpose === "server"
    ? x509.ExtendedKeyUsage.serverAuth
    : x509.ExtendedKeyUsage.clientAuth;
  if (usage === null || !usage.usages.includes(wanted)) return "wrong-purpose";
  return name === "" ? "no-name" : undefined;
}

function serverName(parsed: x509.X509Certificate): string {
  const names = parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  return names.find((name) => name.type === "dns" && isName(name.value))?.value ?? "";
}
