/**
 * Places where a `run_worker.ts` runs: a worker of this Deno, and one of headless Chromium.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium, type Page } from "playwright-core";
import type { Answer, Order } from "./run_worker.ts";
import type { SourceServer } from "./source_server.ts";

/** A run that takes longer hangs. */
const ANSWER_MAX = 240_000;

/** Carries out an order in a worker of its own. What goes wrong there is an answer, no rejection. */
export type Runtime = (order: Order) => Promise<Answer>;

/** In a worker of this Deno, from the source as it stands. */
export async function runInDeno(order: Order): Promise<Answer> {
  const worker = new Worker(import.meta.resolve("./run_worker.ts"), { type: "module" });
  try {
    return await new Promise<Answer>((resolve) => {
      worker.onmessage = (event: MessageEvent<Answer>) => resolve(event.data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ error: `The worker in Deno failed: ${event.message}` });
      };
      worker.postMessage(order);
    });
  } finally {
    worker.terminate();
  }
}

/** The system's Chromium; playwright-core brings none. */
export function findChromium(): string {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/bin"];
  const found = folders.map((folder) => `${folder}/chromium`).find((file) => existsSync(file));
  assert.ok(found !== undefined, "The test's needs name chromium");
  return found;
}

/** Starts Chromium on an empty page of `server`, lets `use` work with it, and ends it. */
export async function withChromium<T>(
  server: SourceServer,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    headless: true,
    // Root, as which continuous integration often runs, cannot have the sandbox.
    chromiumSandbox: false,
    args: [
      ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync"],
    ],
  });
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    return await use(page);
  } finally {
    await browser.close();
  }
}

/** In a worker of the browser, from a variant of the source. */
export function runInPage(page: Page, server: SourceServer, variant = "plain"): Runtime {
  const url = `${server.origin}/${variant}/test/web/run_worker.ts`;
  return async (order) => {
    const answer = await page.evaluate(orderInBrowser, { url, order, patience: ANSWER_MAX });
    // The browser knows only that a module did not load.
    return server.problems.length === 0 ? answer : { error: server.problems.join("\n") };
  };
}

/** Runs in the page: it sees nothing of this module. */
async function orderInBrowser(
  { url, order, patience }: {
    readonly url: string;
    readonly order: Order;
    readonly patience: number;
  },
): Promise<Answer> {
  const worker = new Worker(url, { type: "module" });
  try {
    return await new Promise<Answer>((resolve) => {
      const fail = (error: string) => resolve({ error });
      worker.onmessage = (event: MessageEvent<Answer>) => resolve(event.data);
      worker.onerror = (event) => fail(`The worker in the browser failed: ${event.message}`);
      setTimeout(() => fail(`No answer within ${patience} ms`), patience);
      worker.postMessage(order);
    });
  } finally {
    worker.terminate();
  }
}
