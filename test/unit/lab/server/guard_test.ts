/**
 * Who may ask the lab's server, and what a page of it may do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BODY_BYTES_MAX } from "../../../../lab/server/guard.ts";
import { scenarioText, TemporaryLab } from "./lab.ts";

Deno.test("under a foreign name nothing is answered: a name may be made to point here", async () => {
  using lab = new TemporaryLab();
  for (const host of ["evil.example", "127.0.0.1.evil.example", "192.168.1.7:80", "", "a b"]) {
    for (const path of ["/", "/healthz", "/api/library"]) {
      assert.equal(
        (await lab.refused(421, "GET", path, undefined, { host }))["code"],
        "wrong-host",
      );
    }
  }
  assert.equal((await lab.refused(421, "GET", "http://evil.example/"))["code"], "wrong-host");
  for (const host of ["127.0.0.1:8080", "localhost:1", "[::1]:9", "localhost"]) {
    const response = await lab.ask("GET", "/healthz", undefined, { host });
    assert.equal((await response.json()).status, "ok");
  }
});

Deno.test("a page of another origin changes nothing and reads nothing", async () => {
  using lab = new TemporaryLab();
  const body = { text: scenarioText("mine") };
  const host = "127.0.0.1:8080";
  for (
    const header of [
      { origin: "http://evil.example" },
      { origin: "http://127.0.0.1:3000" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ]
  ) {
    const error = await lab.refused(403, "POST", "/api/scenarios", body, { host, ...header });
    assert.equal(error["code"], "cross-site");
  }
  const own = { host, "origin": `http://${host}`, "sec-fetch-site": "same-origin" };
  const saved = await lab.ask("POST", "/api/scenarios", body, own);
  assert.equal(saved.status, 201, await saved.text());
  const read = await lab.ask("GET", "/api/scenarios", undefined, { origin: "http://evil.example" });
  assert.equal(read.headers.get("access-control-allow-origin"), null);
  assert.equal(read.headers.get("cross-origin-resource-policy"), "same-origin");
  await read.body?.cancel();
});

Deno.test("what the page may load is its own scripts, workers and WebAssembly, errors included", async () => {
  using lab = new TemporaryLab();
  for (const path of ["/", "/api/library", "/nothing", "/openapi.json"]) {
    const response = await lab.ask("GET", path);
    await response.body?.cancel();
    const policy = response.headers.get("content-security-policy")!;
    assert.match(
      policy,
      /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'/,
    );
    assert.doesNotMatch(policy, /script-src[^;]*(?:unsafe-inline|'unsafe-eval'|http|\*)/);
    assert.equal(response.headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(response.headers.get("cross-origin-embedder-policy"), "require-corp");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("bodies that are too large, of another type or no JSON are refused with a remedy", async () => {
  using lab = new TemporaryLab();
  const large = { text: "x".repeat(BODY_BYTES_MAX) };
  assert.equal((await lab.refused(413, "POST", "/api/scenarios", large))["code"], "too-large");
  const typed = { "content-type": "text/plain" };
  const other = await lab.refused(415, "POST", "/api/scenarios", "{}", typed);
  assert.equal(other["code"], "media-type");
  for (const body of ["{", "", "[]", "null", '{"text":7}', "{}"]) {
    assert.equal((await lab.refused(400, "POST", "/api/scenarios", body))["code"], "bad-request");
  }
  assert.equal((await lab.refused(404, "PATCH", "/api/scenarios"))["code"], "not-found");
});

Deno.test("a body without a length is refused once it is too large, not when it ends", async () => {
  using lab = new TemporaryLab();
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536).fill(0x20));
    },
  });
  const response = await lab.app.request("/api/scenarios", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
  });
  assert.equal(response.status, 413);
  assert.equal((await response.json()).error.code, "too-large");
  assert.ok(sent < 3 * BODY_BYTES_MAX, `${sent} bytes were taken`);
});
