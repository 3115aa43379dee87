/**
 * Authorities and servers for tests, good and bad, without files.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import {
  createAuthority,
  createRequest,
  issueCertificate,
  type IssueOptions,
  type KeyedCertificate,
} from "../../engine/host/certificates.ts";
import type { Credentials } from "../../engine/host/pki.ts";

const DAY = 86_400_000;

/** The authority that the servers of these tests trust. */
export const authority: KeyedCertificate = await createAuthority();

/** An authority that nobody trusts. */
export const stranger: KeyedCertificate = await createAuthority("Stranger");

/** Certificate options that make an expired one. */
export const EXPIRED: IssueOptions = {
  notBefore: new Date(Date.now() - 30 * DAY),
  notAfter: new Date(Date.now() - 10 * DAY),
};

/** Certificate options that make one for the future. */
export const FUTURE: IssueOptions = {
  notBefore: new Date(Date.now() + 10 * DAY),
  notAfter: new Date(Date.now() + 30 * DAY),
};

/** What a server named `name` is given by `signer`. It trusts `authority` alone. */
export async function credentials(
  name: string,
  options: IssueOptions = {},
  signer: KeyedCertificate = authority,
): Promise<Credentials> {
  const { key, request } = await createRequest(name);
  const certificate = await issueCertificate(signer, request, options);
  const fingerprint = new X509Certificate(certificate).fingerprint256;
  return {
    key,
    certificate,
    authorities: authority.certificate,
    name,
    fingerprint: fingerprint.replaceAll(":", "").toLowerCase(),
    notAfter: options.notAfter?.getTime() ?? Date.now() + DAY,
  };
}
