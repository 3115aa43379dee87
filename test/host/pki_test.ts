/**
 * Keys and certificates as files, and what is said about those that are no good.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { type FailureCode, isFailed } from "../../engine/core/base/failure.ts";
import {
  initAuthority,
  initServerKey,
  issueToServer,
  readCredentials,
} from "../../engine/host/pki.ts";
import { linux, program, testWithNeeds } from "../needs.ts";
import { EXPIRED, FUTURE } from "./certificates.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "warmsite-pki-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function fails(
  code: FailureCode,
  words: RegExp,
  work: () => unknown,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.ok(isFailed(error, code), String(error));
    assert.match(error.failure.message, words);
    assert.notEqual(error.failure.action, "");
    return;
  }
  assert.fail(`nothing failed with ${code}`);
}

Deno.test("a server gets key, request, certificate and authority, and its keys are its own", () =>
  withFolder(async (folder) => {
    await initAuthority(`${folder}/ca`);
    await initServerKey(`${folder}/east`, "east.example");
    assert.equal(await issueToServer(`${folder}/ca`, `${folder}/east`), "east.example");
    const credentials = readCredentials(`${folder}/east`);
    assert.equal(credentials.name, "east.example");
    assert.match(credentials.fingerprint, /^[0-9a-f]{64}$/);
    const days = (credentials.notAfter - Date.now()) / 86_400_000;
    assert.ok(days > 824 && days < 826);
    for (const key of ["ca/ca-key.pem", "east/tls/key.pem"]) {
      assert.equal(fs.statSync(`${folder}/${key}`).mode & 0o777, 0o600);
    }
    assert.equal(fs.statSync(`${folder}/east/tls`).mode & 0o777, 0o700);
  }));

Deno.test("nothing that exists is replaced but a certificate", () =>
  withFolder(async (folder) => {
    await initAuthority(`${folder}/ca`);
    await fails("exists", /There is an authority/, () => initAuthority(`${folder}/ca`));
    await initServerKey(`${folder}/east`, "east");
    await fails("exists", /There is a key/, () => initServerKey(`${folder}/east`, "east"));
    await issueToServer(`${folder}/ca`, `${folder}/east`);
    const first = readCredentials(`${folder}/east`).fingerprint;
    await issueToServer(`${folder}/ca`, `${folder}/east`);
    assert.notEqual(readCredentials(`${folder}/east`).fingerprint, first);
  }));

Deno.test("what is missing, mixed up, damaged or not valid is named", () =>
  withFolder(async (folder) => {
    const east = `${folder}/east`;
    const issue = (options = {}) => issueToServer(`${folder}/ca`, east, options);
    await fails("bad-name", /Not a name/, () => initServerKey(east, "../x"));
    await initServerKey(east, "east");
    await fails("not-found", /ca-key.pem/, () => issue());
    await initAuthority(`${folder}/ca`);
    await fails("not-found", /certificate.pem/, () => readCredentials(east));

    await issue(EXPIRED);
    await fails("unauthenticated", /expired at/, () => readCredentials(east));
    await issue(FUTURE);
    await fails("unauthenticated", /valid only from/, () => readCredentials(east));
    await issue({ purposes: ["client"] });
    await fails("unauthenticated", /not for both/, () => readCredentials(east));

    await issue();
    await initAuthority(`${folder}/other`);
    fs.copyFileSync(`${folder}/other/ca.pem`, `${east}/tls/ca.pem`);
    await fails("unauthenticated", /not signed by/, () => readCredentials(east));

    await issue();
    await initServerKey(`${folder}/west`, "west");
    fs.copyFileSync(`${folder}/west/tls/key.pem`, `${east}/tls/key.pem`);
    await fails("unauthenticated", /does not belong to the key/, () => readCredentials(east));

    fs.writeFileSync(`${east}/tls/certificate.pem`, "nonsense");
    await fails("damaged", /Cannot read the certificates/, () => readCredentials(east));
    fs.writeFileSync(`${east}/tls/request.pem`, "nonsense");
    await fails("damaged", /request is damaged/, () => issue());
  }));

testWithNeeds(
  {
    name: "openssl agrees with chain, purposes and key",
    needs: [linux, program("openssl", "openssl")],
  },
  () =>
    withFolder(async (folder) => {
      await initAuthority(`${folder}/ca`);
      await initServerKey(`${folder}/east`, "east");
      await issueToServer(`${folder}/ca`, `${folder}/east`, { address: "192.0.2.1" });
      const own = `${folder}/east/tls`;
      const openssl = async (...args: string[]) => {
        const { success, stdout, stderr } = await new Deno.Command("openssl", { args }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        return new TextDecoder().decode(stdout);
      };
      for (const purpose of ["sslclient", "sslserver"]) {
        const verified = await openssl(
          "verify",
          "-x509_strict",
          "-purpose",
          purpose,
          "-CAfile",
          `${own}/ca.pem`,
          `${own}/certificate.pem`,
        );
        assert.match(verified, /: OK/);
      }
      const text = await openssl("x509", "-noout", "-text", "-in", `${own}/certificate.pem`);
      assert.match(text, /DNS:east, IP Address:192\.0\.2\.1/);
      await openssl("pkey", "-noout", "-check", "-in", `${own}/key.pem`);
      await openssl("req", "-noout", "-verify", "-in", `${own}/request.pem`);
    }),
);
