/**
 * The built page is built once for each state of its sources, and is whole or not there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { upToDatePage } from "../../../../tools/lab/page_cache.ts";

/** A repository of few files, and how often its page was built. */
class Sources {
  readonly root = Deno.makeTempDirSync({ prefix: "warmsite-page-" });
  built = 0;
  readonly said: string[] = [];

  constructor() {
    for (const folder of ["web", "lab/run", "lab/server"]) {
      Deno.mkdirSync(`${this.root}/${folder}`, { recursive: true });
    }
    this.write("web/main.ts", "one");
    this.write("deno.json", "{}");
  }

  write(path: string, text: string): void {
    Deno.writeTextFileSync(`${this.root}/${path}`, text);
  }

  /** The page for what the sources are now; `build` does more than to write one file. */
  page(build: (out: string) => void = () => {}): Promise<string> {
    return upToDatePage(this.root, `${this.root}/cache`, (out) => {
      this.built++;
      Deno.writeTextFileSync(
        `${out}/index.html`,
        Deno.readTextFileSync(`${this.root}/web/main.ts`),
      );
      build(out);
      return Promise.resolve();
    }, (text) => this.said.push(text));
  }

  /** What is in the cache. */
  cached(): string[] {
    return [...Deno.readDirSync(`${this.root}/cache`)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

Deno.test("it is built again when a source of the page changes, and for nothing else", async () => {
  using sources = new Sources();
  const first = await sources.page();
  assert.equal(await sources.page(), first);
  sources.write("lab/server/serve.ts", "the server is no part of the page");
  sources.write("README.md", "nor is this");
  assert.equal(await sources.page(), first);
  assert.equal(sources.built, 1);
  sources.write("web/main.ts", "two");
  const second = await sources.page();
  assert.equal(Deno.readTextFileSync(`${second}/index.html`), "two");
  assert.equal(Deno.readTextFileSync(`${first}/index.html`), "one", "who serves it still can");
  sources.write("lab/run/new.ts", "a new file");
  assert.notEqual(await sources.page(), second);
  sources.write("web/main.ts", "one");
  Deno.removeSync(`${sources.root}/lab/run/new.ts`);
  assert.equal(await sources.page(), first);
  assert.equal(sources.built, 3);
  assert.equal(sources.said.length, 6, "two lines for each build");
});

Deno.test("a build that fails leaves nothing, and the next one begins anew", async () => {
  using sources = new Sources();
  await assert.rejects(
    sources.page(() => {
      throw new Error("no bundler");
    }),
    /no bundler/,
  );
  assert.deepEqual(sources.cached(), []);
  assert.ok(Deno.statSync(`${await sources.page()}/index.html`).isFile);
});

Deno.test("of two that build at once both get a whole page", async () => {
  using sources = new Sources();
  let inner = "";
  const outer = await sources.page((out) => {
    // The other one is done first.
    inner = out.replace(/unfinished-(page-[0-9a-f]+)-\d+$/, "$1");
    Deno.mkdirSync(inner);
    Deno.writeTextFileSync(`${inner}/index.html`, "one");
  });
  assert.equal(outer, inner);
  assert.deepEqual(sources.cached().length, 1);
});

Deno.test("pages of long ago are forgotten", async () => {
  using sources = new Sources();
  for (let count = 0; count < 6; count++) {
    sources.write("web/main.ts", `version ${count}`);
    await sources.page();
  }
  assert.equal(sources.cached().length, 3);
});
