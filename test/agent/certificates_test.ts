/**
 * Certificates that are missing, expired, foreign or another server's: refused, with the reason where
 * the administrator looks for it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { initAuthority, issueToServer } from "../../engine/host/pki.ts";
import { Place, refusal, until, value } from "./warmsite.ts";

const MIB = 1024 * 1024;

/** Protects a machine on `a` to `to`; returns what status warns of once an attempt has failed. */
async function warningsAt(place: Place, a: string, to: string): Promise<string> {
  const data = ["--data", a];
  await value("vm", "add", "x", ...data, "--disk", place.image("x.raw", MIB));
  await value("replication", "enable", "x", ...data, "--to", to);
  await value("replication", "start", "x", ...data);
  const status = await until(
    () => value("replication", "status", "x", ...data),
    ({ health }) => health === "Critical",
  );
  // The first attempt has found what only a person can mend: state Error, in which no cycle runs.
  const { code } = await refusal(4, "replication", "cycle", "x", ...data);
  assert.equal(code, "wrong-state");
  return status["warnings"].join("\n");
}

Deno.test("without a certificate, or with another server's, nothing is served", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await value("init", "--data", place.path("c"), "--name", "c", "--listen", "127.0.0.1:0");
  const missing = await refusal(1, "serve", "--data", place.path("c"));
  assert.match(missing["message"], /certificate\.pem.*does not exist/);
  assert.match(missing["action"], /warmsite pki issue/);

  const own = Deno.readTextFileSync(`${a}/tls/certificate.pem`);
  Deno.copyFileSync(`${b}/tls/certificate.pem`, `${a}/tls/certificate.pem`);
  const stolen = await refusal(1, "serve", "--data", a);
  assert.match(stolen["message"], /does not belong to the key/);

  Deno.copyFileSync(`${b}/tls/key.pem`, `${a}/tls/key.pem`);
  const other = await refusal(1, "serve", "--data", a);
  assert.match(other["message"], /is for server "b", and this one is "a"/);

  Deno.writeTextFileSync(`${a}/tls/certificate.pem`, own.slice(0, 200));
  assert.equal((await refusal(1, "serve", "--data", a))["code"], "damaged");

  Deno.copyFileSync(`${b}/tls/request.pem`, `${a}/tls/request.pem`);
  const request = await refusal(2, "pki", "issue", "--ca", place.path("ca"), "--data", a);
  assert.match(request["message"], /is for "b", and the server's name is "a"/);
});

Deno.test("a certificate that has ended is refused at the start, and by the peer when it ends later", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  const ca = place.path("ca");
  await issueToServer(ca, a, { notAfter: new Date(Date.now() - 60_000) });
  const expired = await refusal(1, "serve", "--data", a);
  assert.match(expired["message"], /expired at \d{4}-/);
  assert.match(expired["action"], /warmsite pki issue/);

  const replica = await place.serve(b);
  const end = Math.ceil(Date.now() / 1000) * 1000 + 2000;
  await issueToServer(ca, a, { notAfter: new Date(end) });
  await place.serve(a);
  await until(() => Promise.resolve(Date.now()), (now) => now > end);
  const warnings = await warningsAt(place, a, replica.listen);
  assert.match(warnings, /refuses this server's certificate: it has expired/);
  assert.match(warnings, /warmsite pki issue/);
  const { log } = await replica.end();
  assert.match(log, /"event":"peer-refused".*expired/);
});

Deno.test("a server of another authority is refused, and its status says why", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await initAuthority(place.path("strangers"));
  await issueToServer(place.path("strangers"), a);
  const replica = await place.serve(b);
  await place.serve(a);
  const warnings = await warningsAt(place, a, replica.listen);
  assert.match(warnings, /authority/);
  assert.deepEqual(await value("vm", "list", "--data", b), []);
});
