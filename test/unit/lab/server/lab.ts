/**
 * A lab in a temporary folder, asked without a network.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createLab } from "../../../../lab/server/app.ts";
import { Library } from "../../../../lab/server/library.ts";
import { PageFiles } from "../../../../lab/server/page_files.ts";
import type { DrillJob, DrillListener } from "../../../../lab/server/runs/drill_thread.ts";
import { RunQueue } from "../../../../lab/server/runs/run_queue.ts";
import { openDatabase } from "../../../../lab/server/storage/database.ts";
import { RunStore } from "../../../../lab/server/storage/run_store.ts";
import { SavedScenarios } from "../../../../lab/server/storage/saved_scenarios.ts";

/** A drill that a test plays by hand. */
export interface BegunDrill {
  readonly job: DrillJob;
  readonly listener: DrillListener;
  stopped: boolean;
}

/** A lab; disposing of it removes everything. */
export class TemporaryLab {
  /** With `page/`, `library/` and `data/` in it. */
  readonly folder = Deno.makeTempDirSync({ prefix: "warmsite-lab-" });
  /** What was told to be a bug. */
  readonly bugs: unknown[] = [];
  readonly database;
  /** Drills that were begun; each waits for the test to say how it goes. */
  readonly drills: BegunDrill[] = [];
  readonly queue: RunQueue;
  readonly app;

  constructor() {
    Deno.mkdirSync(`${this.folder}/page`);
    Deno.mkdirSync(`${this.folder}/library`);
    this.write("page/index.html", "<!doctype html><title>Lab</title>".padEnd(2000, " "));
    this.write("library/burning.yaml", scenarioText("burning"));
    this.database = openDatabase(`${this.folder}/data`);
    this.queue = new RunQueue(
      new RunStore(this.database, `${this.folder}/data`),
      (job, listener) => {
        const drill = { job, listener, stopped: false };
        this.drills.push(drill);
        return () => drill.stopped = true;
      },
      { atOnce: 1, waiting: 2, time: 60_000 },
    );
    this.app = createLab({
      page: new PageFiles(`${this.folder}/page`),
      library: new Library(`${this.folder}/library`),
      saved: new SavedScenarios(this.database, `${this.folder}/data`),
      queue: this.queue,
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

  /** Asks for something that must succeed, and gives its JSON. */
  async value(method: string, path: string, body?: unknown, headers: HeadersInit = {}) {
    const response = await this.ask(method, path, body, headers);
    const text = await response.text();
    assert.ok(response.ok, `${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
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
    this.queue.close();
    this.database.close();
    Deno.removeSync(this.folder, { recursive: true });
    assert.deepEqual(this.bugs, []);
  }
}

/** A small scenario of that name. */
export function scenarioText(name: string): string {
  return `# A comment that stays.
name: ${name} # what it is called
title: The site ${name}
story: |
  The first site is lost.
  Then it is over.
world:
  machines:
    erp: { disks: [16MiB] }
end: 10m
`;
}
