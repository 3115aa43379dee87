/**
 * Scenarios that the lab's server keeps, as administrators save, open, copy and delete them from the page: with the real
 * server, which also goes away.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Page } from "playwright-core";
import { canonicalScenario, readScenario } from "../../lab/scenario/read_scenario.ts";
import { type RunningLab, serveLab } from "../../lab/server/serve.ts";
import { program, testWithNeeds } from "../needs.ts";
import {
  button,
  FIXTURES,
  LabPage,
  runIsComplete,
  savedText,
  scriptText,
  serviceWorkerIsReady,
  write,
} from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];

/** The lab's server with a folder of its own, which stays while the server is restarted. */
class ServedLab implements AsyncDisposable {
  readonly #data = mkdtempSync(`${tmpdir()}/warmsite-lab-`);
  readonly #bugs: unknown[] = [];
  #folder = "";
  #running: RunningLab | undefined;
  #port = 0;

  /** Begins to serve. */
  readonly serve = (folder = this.#folder): RunningLab => {
    this.#folder = folder;
    const bug = (error: unknown) => void this.#bugs.push(error);
    const running = serveLab({ port: this.#port, page: folder, data: this.#data, bug });
    this.#port = Number(new URL(running.url).port);
    this.#running = running;
    return { url: running.url, stop: () => this.stop() };
  };

  /** Comes back at the same address, once nobody has taken its port for a moment. */
  async comeBack(): Promise<void> {
    for (let attempt = 0;; attempt++) {
      try {
        this.serve();
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse) || attempt === 50) throw error;
        await new Promise((go) => setTimeout(go, 100));
      }
    }
  }

  /** Goes away. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Asks as somebody else would. */
  async ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#running!.url}/api/${path}`, {
      method,
      headers: { "content-type": "application/json", "if-match": "*" },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#data, { recursive: true });
    assert.deepEqual(this.#bugs, []);
  }
}

/** Opens a file, as the person has it on the own disk. */
async function openFile(page: Page, name: string, text: string): Promise<void> {
  await page.getByLabel("Open file").setInputFiles({
    name,
    mimeType: "application/yaml",
    buffer: Buffer.from(text),
  });
}

/** What the editor says beside the lab's buttons. */
async function said(page: Page, words: string | RegExp): Promise<void> {
  await page.getByRole("region", { name: "Script" }).getByText(words).waitFor();
}

const choice = (page: Page) => page.getByRole("combobox", { name: "Scenario" });
const MINE = readFileSync(`${FIXTURES}/site-fire.yaml`, "utf8")
  .replace(/^name: .*$/m, "name: mine").replace(/^title: .*$/m, "title: My own fire");

testWithNeeds({
  name: "a script is saved, opened by somebody else, copied and deleted, from the page",
  needs: NEEDS,
}, async () => {
  await using server = new ServedLab();
  await using lab = await LabPage.open(FIXTURES, server.serve);
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await said(page, /of the library/);
    assert.ok(await button(page, "Delete…").isDisabled(), "The library is not deleted");

    await openFile(page, "mine.yaml", MINE);
    await said(page, "not saved");
    await button(page, "Save to lab").click();
    await said(page, 'Saved on this lab as "mine".');
    assert.equal((await server.ask("GET", "scenarios/mine"))["text"], MINE);

    // A click is a change, and what was saved is changed by whoever has seen it.
    await runIsComplete(page);
    await button(page, "Connections break").click();
    await said(page, "changed since it was saved");
    await button(page, "Save to lab").click();
    await said(page, 'Saved on this lab as "mine".');
    assert.match(String((await server.ask("GET", "scenarios/mine"))["text"]), /link\.reset/);
  });

  await lab.visit(async (page) => {
    await choice(page).selectOption({ label: "My own fire · mine" });
    await page.locator(".cm-content").getByText("link.reset").waitFor();
    await said(page, "saved");

    // By keyboard alone: the copy has what was typed, and the name that was chosen.
    await button(page, "Fork…").focus();
    await page.keyboard.press("Enter");
    const name = page.getByLabel("New name");
    assert.equal(await name.inputValue(), "mine-2");
    await page.keyboard.type("My Copy");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("A name has lower-case letters").waitFor();
    await name.fill("my-copy");
    await page.keyboard.press("Enter");
    await said(page, /Saved on this lab as "my-copy"/);
    await page.locator(".cm-content").getByText("name: my-copy").waitFor();
    const copy = await server.ask("GET", "scenarios/my-copy");
    assert.equal(copy["parent"], "mine");
    assert.match(String(copy["text"]), /link\.reset/);
    // The keyboard stays there.
    await page.locator(":focus").and(button(page, "Fork…")).waitFor();

    await button(page, "Delete…").click();
    await button(page, "Delete").click();
    await said(page, /"my-copy" is deleted/);
    assert.match(await scriptText(page), /name: my-copy/, "The script stays");
    const left = await choice(page).locator("optgroup").last().locator("option").allInnerTexts();
    assert.deepEqual(left, ["My own fire · mine"]);
  });
});

testWithNeeds({
  name: "one that is stored as canonical JSON is opened as people write it, and counts as saved",
  needs: NEEDS,
}, async () => {
  await using server = new ServedLab();
  await using lab = await LabPage.open(FIXTURES, server.serve);
  const read = readScenario(MINE);
  assert.ok(read.ok);
  const text = canonicalScenario(read.scenario);
  await server.ask("POST", "scenarios", { text });
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await choice(page).selectOption({ label: "My own fire · mine" });
    await page.locator(".cm-content").getByText("title: My own fire").waitFor();
    await said(page, /: saved$/);
    assert.match(await scriptText(page), /^formatVersion: 1\nname: mine\n/);
    await button(page, "Save to lab").click();
    await said(page, 'Saved on this lab as "mine".');
    assert.equal((await server.ask("GET", "scenarios/mine"))["text"], await savedText(page));
  });
});

testWithNeeds({
  name: "names that are taken and changes of others are told in place",
  needs: NEEDS,
}, async () => {
  await using server = new ServedLab();
  await using lab = await LabPage.open(FIXTURES, server.serve);
  await lab.visit(async (page) => {
    await runIsComplete(page);
    // The library's own names are taken, and a copy is one click away.
    await button(page, "Save to lab").click();
    await page.getByRole("alert").getByText(/"site-fire" is a scenario of the library/).waitFor();
    await button(page, "Fork it…").click();
    assert.equal(await page.getByLabel("New name").inputValue(), "site-fire-2");
    await button(page, "Cancel").click();

    // Somebody else has saved under that name: nothing is replaced before one says so.
    const theirs = MINE.replace("My own fire", "Their fire");
    await server.ask("POST", "scenarios", { text: theirs });
    await openFile(page, "mine.yaml", MINE);
    await button(page, "Save to lab").click();
    await page.getByRole("alert").getByText('here is a saved scenario "mine"').waitFor();
    assert.equal((await server.ask("GET", "scenarios/mine"))["text"], theirs);
    await button(page, "Replace what is there").click();
    await said(page, 'Saved on this lab as "mine".');
    assert.equal((await server.ask("GET", "scenarios/mine"))["text"], MINE);

    // Nor does a copy take the name of another one.
    await button(page, "Fork…").click();
    await page.getByLabel("New name").fill("site-fire");
    await button(page, "Fork").click();
    await page.getByRole("alert").getByText("Nothing was copied").waitFor();
    assert.equal(await page.getByLabel("New name").inputValue(), "site-fire", "It can be mended");
    await button(page, "Cancel").click();

    // And was faster.
    await server.ask("PUT", "scenarios/mine", { text: theirs });
    await write(page, `${MINE}# A thought\n`);
    await button(page, "Save to lab").click();
    await page.getByRole("alert").getByText('"mine" was changed since it was read').waitFor();
    assert.match(await scriptText(page), /# A thought/);
    assert.equal((await server.ask("GET", "scenarios/mine"))["text"], theirs);
    await button(page, "Open what is there").click();
    await page.locator(".cm-content").getByText("Their fire").waitFor();
    await button(page, "Undo").click();
    await page.locator(".cm-content").getByText("# A thought").waitFor();
  });
});

testWithNeeds({
  name:
    "texts that are no scenario and errors of the server are told in place, and leave the script as it is",
  needs: NEEDS,
}, async () => {
  await using server = new ServedLab();
  await using lab = await LabPage.open(FIXTURES, server.serve);
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await write(page, "name: mine\nworld: {}\nscrpt: []\n");
    await button(page, "Save to lab").click();
    const told = page.getByRole("alert").getByText(/no scenario yet, so it was not saved/);
    await told.waitFor();
    assert.match(await told.innerText(), /Line \d+, column \d+: /);
    assert.match(await scriptText(page), /scrpt/);

    // A server that answers with a bug of its own.
    await page.route(/\/api\/scenarios/, (route) =>
      route.fulfill({
        status: 507,
        contentType: "application/json",
        body: JSON.stringify({
          error: { code: "storage-full", message: "The disk is full", action: "Make space" },
        }),
      }));
    await write(page, `${MINE}# Another\n`);
    await button(page, "Save to lab").click();
    await page.getByRole("alert").getByText("the disk is full. Make space.").waitFor();
    assert.match(await scriptText(page), /# Another/);
  }, { withoutServiceWorker: true });
});

testWithNeeds({
  name: "a lab that goes away is told in place, files go on, and it is used again when it is back",
  needs: NEEDS,
}, async () => {
  await using server = new ServedLab();
  await using lab = await LabPage.open(FIXTURES, server.serve);
  await server.ask("POST", "scenarios", { text: MINE.replace("name: mine", "name: other") });
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await serviceWorkerIsReady(page);
    // The page has asked for all that it asks for by itself, and does not learn by that that the lab went.
    await choice(page).getByText("My own fire · other").waitFor({ state: "attached" });
    await write(page, `${MINE}# Typed\n`);
    await server.stop();
    await button(page, "Save to lab").click();
    await page.getByRole("alert").getByText("the lab's server does not answer").waitFor();
    assert.match(await scriptText(page), /# Typed/);

    // Offline from here: the page as it was kept.
    await page.reload();
    await said(page, "The lab's server does not answer. Drills run all the same");
    assert.match(await scriptText(page), /# Typed/);
    assert.equal(await savedText(page), `${MINE}# Typed\n`);
    await runIsComplete(page);

    await server.comeBack();
    await button(page, "Ask again").click();
    await button(page, "Save to lab").click();
    await said(page, 'Saved on this lab as "mine".');
    assert.equal((await server.ask("GET", "scenarios/mine"))["text"], `${MINE}# Typed\n`);
  });
});
