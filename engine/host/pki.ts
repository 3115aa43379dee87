/**
 * Keys and certificates as files: the authority's folder, and the `tls` folder of a server's home.
 *
 * | file | in | holds |
 * |---|---|---|
 * | `ca-key.pem` | authority | its key, 0600 |
 * | `ca.pem` | authority | its certificate |
 * | `tls/key.pem` | server | its key, 0600 |
 * | `tls/request.pem` | server | the request for its certificate |
 * | `tls/ca.pem` | server | certificates of the authorities that it trusts, one or more |
 * | `tls/certificate.pem` | server | its certificate; written last, so that with it all is there |
 *
 * Rule: every file is replaced whole, durably. Serial numbers are random, so that no counter is
 * kept.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { Failed, localFailure, requestFailure } from "../core/base/failure.ts";
import { checkName } from "../core/base/name.ts";
import { checkCertificate, readCertificates } from "./certificate_check.ts";
import {
  createAuthority,
  createRequest,
  issueCertificate,
  type IssueOptions,
  requestedName,
} from "./certificates.ts";
import { makeFolderDurably, writeDurably } from "./durable_file.ts";
import { errorName, osFailure } from "./os_failure.ts";

/** What a server proves its name with, and whom it trusts. All PEM. */
export interface Credentials {
  readonly key: string;
  readonly certificate: string;
  readonly authorities: string;
  /** The server's name, from its certificate. */
  readonly name: string;
  /** SHA-256 of its certificate, lower-case hex. */
  readonly fingerprint: string;
  /** When its certificate ends, ms since 1970. */
  readonly notAfter: number;
}

const ISSUE_AGAIN = 'Issue a new one with "warmsite pki issue --ca CADIR --data DIR"';

/** Makes an authority in `folder`; fails with `exists` when one is there. */
export async function initAuthority(folder: string): Promise<void> {
  makeFolderDurably(folder);
  if (fs.existsSync(`${folder}/ca.pem`) || fs.existsSync(`${folder}/ca-key.pem`)) {
    throw requestFailure(
      "exists",
      `There is an authority in "${folder}"`,
      "Use it, or name another folder; without its key no server can be given a certificate",
    );
  }
  const { key, certificate } = await createAuthority();
  writeDurably(`${folder}/ca-key.pem`, key, 0o600);
  writeDurably(`${folder}/ca.pem`, certificate, 0o644);
}

/** Makes key and request of the server `name` in its home `data`; fails with `exists`. */
export async function initServerKey(data: string, name: string): Promise<void> {
  checkName(name, "server");
  const folder = `${data}/tls`;
  makeFolderDurably(folder);
  if (fs.existsSync(`${folder}/key.pem`)) {
    throw requestFailure("exists", `There is a key in "${folder}"`, "Use it, or remove it first");
  }
  const { key, request } = await createRequest(name);
  // A crash between the two leaves a request without a key, which the next call replaces.
  writeDurably(`${folder}/request.pem`, request, 0o644);
  writeDurably(`${folder}/key.pem`, key, 0o600);
}

/**
 * Signs the request in `data` with the authority in `folder`, and installs certificate and
 * authority. Returns the name it is for. May be repeated: the new certificate replaces the old.
 */
export async function issueToServer(
  folder: string,
  data: string,
  options: IssueOptions = {},
): Promise<string> {
  const authority = {
    key: readText(`${folder}/ca-key.pem`, 'Make an authority with "warmsite pki ca --out CADIR"'),
    certificate: readText(`${folder}/ca.pem`, 'Make one with "warmsite pki ca --out CADIR"'),
  };
  const request = readText(`${data}/tls/request.pem`, 'Make one with "warmsite init"');
  const certificate = await issueCertificate(authority, request, options);
  writeDurably(`${data}/tls/ca.pem`, authority.certificate, 0o644);
  writeDurably(`${data}/tls/certificate.pem`, certificate, 0o644);
  return await requestedName(request);
}

/**
 * Reads what the server in `data` proves its name with. Fails when anything is missing, does not
 * belong together, or is not valid at this time: nobody would accept it.
 */
export function readCredentials(data: string, now: Date = new Date()): Credentials {
  const folder = `${data}/tls`;
  const key = readText(`${folder}/key.pem`, 'Make one with "warmsite init"');
  const certificate = readText(`${folder}/certificate.pem`, ISSUE_AGAIN);
  const authorities = readText(`${folder}/ca.pem`, ISSUE_AGAIN);
  try {
    const own = new X509Certificate(certificate);
    if (!own.checkPrivateKey(createPrivateKey(key))) {
      throw unusable(`The certificate in "${folder}" does not belong to the key beside it`);
    }
    for (const purpose of ["server", "client"] as const) {
      const trusted = readCertificates(authorities);
      const facts = checkCertificate(own.raw, trusted, purpose, now);
      if (facts.trouble !== undefined) throw unusable(describeOwn(folder, facts.trouble, facts));
    }
    const { name, fingerprint, notAfter } = checkCertificate(own.raw, [], "server", now);
    return { key, certificate, authorities, name, fingerprint, notAfter: notAfter.getTime() };
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw localFailure(
      "damaged",
      `Cannot read the certificates in "${folder}": ${(error as Error).message}`,
      ISSUE_AGAIN,
    );
  }
}

function describeOwn(
  folder: string,
  trouble: string,
  facts: { readonly notBefore: Date; readonly notAfter: Date },
): string {
  const which = `The certificate in "${folder}"`;
  switch (trouble) {
    case "expired":
      return `${which} expired at ${facts.notAfter.toISOString()}`;
    case "not-yet-valid":
      return `${which} is valid only from ${facts.notBefore.toISOString()} on`;
    case "foreign":
      return `${which} was not signed by the authority in ca.pem beside it`;
    case "wrong-purpose":
      return `${which} is not for both server and client authentication`;
    default:
      return `${which} holds no server name`;
  }
}

function unusable(message: string): Failed {
  return localFailure("unauthenticated", message, ISSUE_AGAIN);
}

function readText(path: string, action: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    if (errorName(error) === "ENOENT") {
      throw localFailure("not-found", `Cannot read "${path}": it does not exist`, action);
    }
    throw osFailure(error, `read "${path}"`);
  }
}
