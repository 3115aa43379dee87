/**
 * A lab in a temporary folder, asked without a network.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createLab } from "../../../../lab/server/app.ts";
import { PageFiles } from "../../../../lab/server/page_files.ts";

/** A lab; disposing of it removes everything. */
export class TemporaryLab {
  /** With `page/` in it. */
  readonly folder = Deno.makeTempDirSync({ prefix: "warmsite-lab-" });
  /** What was told to be a bug. */
  readonly bugs: unknown[] = [];
  readonly app;

  constructor() {
    Deno.mkdirSync(`${this.folder}/page`);
    this.write("page/index.html", "<!doctype html><title>Lab</title>".padEnd(2000, " "));
    this.app = createLab({
      page: new PageFiles(`${this.folder}/page`),
      bug: (error) => this.bugs.push(error),
    });
  }

  /** Writes a file of the folder. */
  write(path: string, text: string): void {
    Deno.writeTextFileSync(`${this.folder}/${path}`, text);
  }

  /** Asks; `body` is sent as JSON. */
  async ask(method: string, path: string, body?: unknown, headers: HeadersInit = {}) {
    const sent = new Headers(headers);
    if (body !== undefined && !sent.has("content-type")) {
      sent.set("content-type", "application/json");
    }
    return await this.app.request(path, {
      method,
      headers: sent,
      ...body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) },
    });
  }

  /** Asks, and gives the error that it is answered with. */
  async refused(status: number, method: string, path: string, body?: unknown, headers = {}) {
    const response = await this.ask(method, path, body, headers);
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.equal(response.headers.get("content-type"), "application/json");
    const { error, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, {});
    for (const key of ["code", "message", "action"]) assert.ok(error[key].length > 0, text);
    return error;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
    assert.deepEqual(this.bugs, []);
  }
}
