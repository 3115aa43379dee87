/**
 * What the page says of what it shows: whether it is the drill of the link, and the report of the script that stands there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { encodePermalink } from "../../lab/scenario/permalink.ts";
import { program, testWithNeeds } from "../needs.ts";
import { seriousFaults } from "./accessibility.ts";
import { reportOf } from "./deno_report.ts";
import {
  button,
  FIXTURES,
  LabPage,
  RUN_MAX,
  runIsComplete,
  savedText,
  scrubTo,
  shownTrace,
  write,
} from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];
const MINUTE = 60_000_000;

testWithNeeds({
  name: "a link opens the same drill in a new profile, with the same trace",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  let link = "";
  let trace = "";
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await scrubTo(page, 13 * MINUTE);
    await button(page, "Share").click();
    await page.getByText("The link to this drill").waitFor();
    link = new URL(page.url()).hash;
    trace = await shownTrace(page);
  });
  assert.ok(link.length > 100 && link.length <= 2048, `${link.length} characters`);
  assert.equal(trace, reportOf("site-fire").traceHash);
  await lab.visit(async (page) => {
    await runIsComplete(page);
    assert.match(await page.locator(".clock").innerText(), /^00:13:00/);
    assert.equal(await shownTrace(page), trace);
  }, { fragment: link });
  const bad = [
    [link.slice(0, -20), "cut short"],
    [link.replace("&s=", "&s=xx"), "altered"],
  ] as const;
  for (const [fragment, words] of bad) {
    await lab.visit(async (page) => {
      const alert = page.getByRole("alert").getByText(words);
      await alert.getByText("not the drill of the link, but an example, “A small site burns”.")
        .waitFor();
      await page.locator(".story strong").getByText("A small site burns").waitFor();
      await page.getByRole("combobox", { name: "Scenario" }).selectOption({
        label: "A link that loses packets",
      });
      await alert.waitFor({ state: "detached" });
    }, { fragment });
  }
});

testWithNeeds({
  name:
    "a link of another engine runs when it is said so, and that it may end otherwise stays told",
  needs: NEEDS,
}, async () => {
  const text = readFileSync(`${FIXTURES}/link-loss.yaml`, "utf8");
  const made = await encodePermalink({ text, seed: 5, engineHash: "0123456789abcdef", at: 0 });
  assert.ok(made.ok);
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    const told = page.getByText(
      /of another engine \(0123456789ab, .*\): the same scenario may end otherwise here\./,
    );
    await told.getByText("Nothing of it was run. What is shown is not the drill of the link")
      .waitFor();
    await page.locator(".story strong").getByText("A small site burns").waitFor();
    assert.equal(await page.getByText("seed 5", { exact: true }).count(), 0);
    await button(page, "Run it here all the same").click();
    await page.locator(".story strong").getByText("A link that loses packets").waitFor();
    await page.getByText("seed 5", { exact: true }).waitFor();
    await told.waitFor();
    assert.equal(await page.getByText("What is shown is not the drill").count(), 0);
    await runIsComplete(page);
  }, { fragment: made.fragment });
});

testWithNeeds({
  name: "a report says so where the script is another one by now, and whose story it tells",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await button(page, "Report").click();
    const paper = page.frameLocator("iframe.paper");
    await paper.locator(".story").first().waitFor();
    const whose = paper.getByText("The story of “A small site burns”, from which");
    const older = page.getByText("This is the report of the run before");
    assert.equal(await whose.count() + await older.count(), 0);

    await button(page, "Drill").click();
    const text = await savedText(page);
    await write(page, text.replace("frequency:", "frequence:"));
    await page.getByRole("alert").getByText(/^Line \d+/).waitFor();
    await button(page, "Report").click();
    await older.getByText("has mistakes now, and was not run.").waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await button(page, "Drill").click();
    await write(page, `${text}\n# A comment alone.\n`);
    await button(page, "Report").click();
    await older.getByText("and was not run yet.").waitFor();
    await button(page, "Run it").click();
    await page.locator("iframe.paper").waitFor({ timeout: RUN_MAX });
    await paper.locator(".story").first().waitFor();
    assert.equal(await whose.count() + await older.count(), 0, "It is the same drill");

    await button(page, "Drill").click();
    await scrubTo(page, 6 * MINUTE);
    await button(page, "Packets are lost").click();
    await page.locator(".cm-content").getByText("link.loss").waitFor();
    await button(page, "Report").click();
    await page.locator("iframe.paper").waitFor({ timeout: RUN_MAX });
    await whose.waitFor();
    assert.equal(await older.count(), 0);
  });
});
