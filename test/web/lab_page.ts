/**
 * The built page in headless Chromium, with the scenarios of `fixtures/`: what every test of the page begins with.
 *
 * Rule: the page is handed out as the lab's server does it, with the same policies; each visit is a new profile. What the
 * page throws, or a policy refuses, fails the test.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { type Browser, chromium, type Page } from "playwright-core";
import { secured } from "../../lab/server/guard.ts";
import { PageFiles } from "../../lab/server/page_files.ts";
import { buildPage } from "../../tools/web/build.ts";
import { findChromium } from "./runtimes.ts";

/** The scenarios that the page under test has built in. */
export const FIXTURES = fileURLToPath(new URL("fixtures", import.meta.url));

/** How a visit differs from that of most people. */
export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce" | "no-preference";
  /** Behind the address, with its `#`. */
  readonly fragment?: string;
  /** Runs in the page before anything of it. */
  readonly before?: () => void;
  /** The page opens nothing yet. */
  readonly blank?: boolean;
  /** No service worker answers in the server's place: what it has kept by then is a matter of luck. */
  readonly withoutServiceWorker?: boolean;
}

const built = new Map<string, Promise<string>>();

/** The folder of the page that is built with these scenarios: one for all tests of a file. */
function builtPage(scenarios: string): Promise<string> {
  const known = built.get(scenarios);
  if (known !== undefined) return known;
  const made = (async () => {
    const folder = mkdtempSync(`${tmpdir()}/warmsite-page-`);
    globalThis.addEventListener("unload", () => rmSync(folder, { recursive: true, force: true }));
    await buildPage(folder, { scenarios });
    return folder;
  })();
  built.set(scenarios, made);
  return made;
}

/** What hands out the page. */
export interface PageServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Hands out plain files, as any server can. */
function servePlainly(folder: string): PageServer {
  const files = new PageFiles(folder);
  const app = new Hono().use(secured).get("*", (c) => files.answer(c) ?? c.notFound());
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  return { url: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

/** The page, built and handed out, and a browser to look at it. */
export class LabPage implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #server: PageServer;

  private constructor(browser: Browser, server: PageServer) {
    this.#browser = browser;
    this.#server = server;
  }

  /** Builds it, with the scenarios of a folder, has it handed out, and starts the browser. */
  static async open(
    scenarios = FIXTURES,
    serve: (folder: string) => PageServer = servePlainly,
  ): Promise<LabPage> {
    const server = serve(await builtPage(scenarios));
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
    return new LabPage(browser, server);
  }

  /** Its address. */
  get origin(): string {
    return this.#server.url;
  }

  /** The server goes away, while browsers stay. */
  async stopServer(): Promise<void> {
    await this.#server.stop();
  }

  /** A visit in a new profile. */
  async visit(look: (page: Page) => Promise<void>, options: VisitOptions = {}): Promise<void> {
    const { width = 1280, height = 800, colorScheme = "light", fragment = "" } = options;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme,
      reducedMotion: options.reducedMotion ?? "no-preference",
      acceptDownloads: true,
      serviceWorkers: options.withoutServiceWorker === true ? "block" : "allow",
    });
    try {
      const page = await context.newPage();
      const thrown: string[] = [];
      page.on("pageerror", (error) => thrown.push(error.message));
      page.on("console", (message) => {
        if (/Content Security Policy/.test(message.text())) thrown.push(message.text());
      });
      if (options.before !== undefined) await page.addInitScript(options.before);
      if (options.blank !== true) await page.goto(`${this.origin}/${fragment}`);
      await look(page);
      assert.deepEqual(thrown, [], "The page throws nothing");
    } finally {
      await context.close();
    }
  }

  /** Ends the browser and the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
  }
}

/** A run of some minutes, on a machine that does other things as well. */
export const RUN_MAX = 90_000;

/** Waits until the page's service worker is there, which serves it from the next visit on. */
export async function serviceWorkerIsReady(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { navigator } = globalThis as unknown as {
      navigator: { serviceWorker: { ready: Promise<unknown> } };
    };
    await navigator.serviceWorker.ready;
  });
}

/** Waits until the run that is shown is complete. */
export async function runIsComplete(page: Page): Promise<void> {
  await page.getByText("Run complete").waitFor({ timeout: RUN_MAX });
}

/** A button by its label. */
export function button(page: Page, name: string) {
  return page.getByRole("button", { name, exact: true });
}

/** The script as it stands in a file that is saved. */
export async function savedText(page: Page): Promise<string> {
  const saving = page.waitForEvent("download");
  await button(page, "Save file").click();
  return readFileSync(await (await saving).path(), "utf8");
}

/** The script as it stands in the editor, as far as it is in view. */
export async function scriptText(page: Page): Promise<string> {
  return await page.locator(".cm-content").innerText();
}

/** Writes a text into the editor in place of what stands there. */
export async function write(page: Page, text: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

/** Moves the playhead to a moment, µs, as the scrubber does. */
export async function scrubTo(page: Page, time: number): Promise<void> {
  await page.getByRole("slider", { name: "Moment of the run" }).evaluate((element, value) => {
    const slider = element as unknown as { step: string; value: string } & EventTarget;
    slider.step = "1";
    slider.value = String(value);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, time);
}

/** The trace hash of the report that is shown. */
export async function shownTrace(page: Page): Promise<string> {
  await button(page, "Report").click();
  return await page.locator("[data-trace]").innerText();
}

/** A script in place of one of the page's, with the policies without which no worker may be made of it. */
export function workerScript(body: string) {
  const headers = { "cross-origin-embedder-policy": "require-corp" };
  return { contentType: "text/javascript", headers, body };
}
