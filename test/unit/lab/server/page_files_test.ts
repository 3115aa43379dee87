/**
 * The built page as the lab's server hands it out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { TemporaryLab } from "./lab.ts";

Deno.test("the page is sent with a tag, compressed for whoever takes that, and not again", async () => {
  using lab = new TemporaryLab();
  const plain = await lab.ask("GET", "/");
  assert.equal(plain.status, 200);
  assert.match(plain.headers.get("content-type")!, /^text\/html/);
  assert.equal(plain.headers.get("cache-control"), "no-cache");
  assert.equal(plain.headers.get("content-encoding"), null);
  const text = await plain.text();
  const packed = await lab.ask("GET", "/index.html", undefined, { "accept-encoding": "br, gzip" });
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  const bytes = new Uint8Array(await packed.arrayBuffer());
  assert.equal(packed.headers.get("content-length"), String(bytes.length));
  assert.equal(gunzipSync(bytes).toString(), text);
  const [tag, packedTag] = [plain.headers.get("etag")!, packed.headers.get("etag")!];
  assert.notEqual(tag, packedTag);
  const again = await lab.ask("GET", "/", undefined, { "if-none-match": `"x", ${tag}` });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), "");
  const refused = await lab.ask("GET", "/", undefined, { "accept-encoding": "gzip;q=0" });
  assert.equal(refused.headers.get("content-encoding"), null);
  await refused.body?.cancel();
  lab.write("page/index.html", "another page");
  const changed = await lab.ask("GET", "/", undefined, { "if-none-match": tag });
  assert.equal(await changed.text(), "another page");
});

Deno.test("a file named by its contents is kept for ever", async () => {
  using lab = new TemporaryLab();
  lab.write("page/chunk-A1B2C3D4.js", "export {};");
  lab.write("page/service-worker.js", "export {};");
  const cache = async (path: string) => {
    const response = await lab.ask("HEAD", path);
    assert.equal(await response.text(), "");
    return response.headers.get("cache-control");
  };
  assert.match((await cache("/chunk-A1B2C3D4.js"))!, /immutable/);
  assert.equal(await cache("/service-worker.js"), "no-cache");
});

Deno.test("no path leads out of the page's folder", async () => {
  using lab = new TemporaryLab();
  lab.write("secret.txt", "secret");
  lab.write("page/data.secret", "of no type of a page");
  Deno.symlinkSync(`${lab.folder}/secret.txt`, `${lab.folder}/page/link.txt`);
  const paths = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/x/..%5c..%5csecret.txt",
    "//etc/hostname.txt",
    "/link.txt",
    "/data.secret",
    "/%00.txt",
    "/%ff.txt",
    "/library",
    `/${"a".repeat(5000)}.txt`,
  ];
  for (const path of paths) {
    assert.equal((await lab.refused(404, "GET", path))["code"], "not-found", path);
  }
});
