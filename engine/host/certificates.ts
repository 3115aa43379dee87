/**
 * X.509 certificates of servers and of the authority that signs them, on WebCrypto: ECDSA P-256.
 *
 * Rule: a server's name is a DNS name in the subject alternative name; the subject is for people.
 * Keys leave this module as PKCS#8 PEM. It knows no files.
 *
 * @module
 */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { isName } from "../core/base/name.ts";
import { requestFailure } from "../core/base/failure.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MILLIS = 86_400_000;
/** How long an authority is valid, in days. */
const AUTHORITY_DAYS = 3650;
/** How long a server's certificate is valid, in days: the most that browsers ever took. */
const SERVER_DAYS = 825;
/** Clocks of servers differ: certificates begin this much before they are made. */
const CLOCK_MARGIN = DAY_MILLIS;

/** A certificate and its key, both PEM. */
export interface KeyedCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** What an issued certificate may be used for. */
export type Purpose = "server" | "client";

/** What differs from an ordinary certificate; tests make unsound ones with it. */
export interface IssueOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Both unless stated. */
  readonly purposes?: readonly Purpose[];
  /** A host name or IP address beside the name, for clients that check it. */
  readonly address?: string;
}

/** Makes an authority: a self-signed certificate that may sign others, and its key. */
export async function createAuthority(name = "Warmsite authority"): Promise<KeyedCertificate> {
  const keys = await newKeys();
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - CLOCK_MARGIN),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MILLIS),
    extensions: [
      // May sign servers, and no further authorities.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await keyPem(keys.privateKey), certificate: `${certificate.toString("pem")}\n` };
}

/** Makes a server's key and the request for its certificate, both PEM. */
export async function createRequest(
  name: string,
): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
  });
  return { key: await keyPem(keys.privateKey), request: `${request.toString("pem")}\n` };
}

/** The server's name in a request; fails with `damaged` when it is not sound. */
export async function requestedName(pem: string): Promise<string> {
  return (await readRequest(pem)).name;
}

/** Signs a request with an authority; returns the certificate as PEM. */
export async function issueCertificate(
  authority: KeyedCertificate,
  requestPem: string,
  options: IssueOptions = {},
): Promise<string> {
  const { request, name } = await readRequest(requestPem);
  const issuer = new x509.X509Certificate(authority.certificate);
  const names: x509.JsonGeneralNames = [{ type: "dns", value: name }];
  const { address } = options;
  if (address !== undefined && address !== name) {
    names.push({ type: isIpAddress(address) ? "ip" : "dns", value: address });
  }
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [name] }],
    issuer: issuer.subjectName.toJSON(),
    publicKey: request.publicKey,
    signingKey: await signingKey(authority.key),
    signingAlgorithm: ALGORITHM,
    notBefore: options.notBefore ?? new Date(now - CLOCK_MARGIN),
    notAfter: options.notAfter ?? new Date(now + SERVER_DAYS * DAY_MILLIS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(
        (options.purposes ?? ["server", "client"]).map((purpose) =>
          purpose === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth
        ),
      ),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

async function readRequest(
  pem: string,
): Promise<{ readonly request: x509.Pkcs10CertificateRequest; readonly name: string }> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
    if (!(await request.verify())) throw new Error("its signature is wrong");
  } catch (error) {
    throw requestFailure(
      "damaged",
      `The certificate request is damaged: ${(error as Error).message}`,
      'Make a new one with "warmsite init"',
    );
  }
  const name = request.subjectName.getField("CN")[0] ?? "";
  if (isName(name)) return { request, name };
  throw requestFailure(
    "bad-name",
    `The certificate request is for ${JSON.stringify(name.slice(0, 80))}, which is no name`,
    'Make a new one with "warmsite init"',
  );
}

function isIpAddress(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) || text.includes(":");
}

async function newKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
}

async function keyPem(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}

async function signingKey(pem: string): Promise<CryptoKey> {
  try {
    const der = x509.PemConverter.decodeFirst(pem);
    return await crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
  } catch (error) {
    throw requestFailure(
      "damaged",
      `The authority's key is damaged: ${(error as Error).message}`,
      "Restore it from a backup, or make a new authority and issue every certificate again",
    );
  }
}
