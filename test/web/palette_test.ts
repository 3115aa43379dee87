/**
 * The palette asks for what faults and verbs can be given, checks it with the language, and makes one line of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { program, testWithNeeds } from "../needs.ts";
import { seriousFaults } from "./accessibility.ts";
import { button, LabPage, runIsComplete, scriptText, scrubTo } from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];
const MINUTE = 60_000_000;

/** The lines of the script that one text has and another one has not. */
function newLines(before: string, after: string): string[] {
  const old = new Set(before.split("\n"));
  return after.split("\n").filter((line) => !old.has(line)).map((line) => line.trim());
}

/** Opens what can be chosen for a button, and gives its form. */
async function choices(page: Page, label: string) {
  await button(page, `Choices for ${label}`).click();
  return page.getByRole("form", { name: label, exact: true });
}

testWithNeeds({
  name: "every parameter of a fault is asked for, and what the language refuses is told beside it",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    const before = await scriptText(page);
    await scrubTo(page, 6 * MINUTE);
    const form = await choices(page, "Packets are lost");
    const [share, way, lasts] = [
      form.getByLabel("Share"),
      form.getByLabel("Way"),
      form.getByLabel("For"),
    ];
    assert.equal(await share.inputValue(), "1%", "What is usual is there");
    assert.equal(await way.inputValue(), "both");
    await form.getByText("Of all packets, so many: 0.0001% to 100%").waitFor();
    assert.deepEqual(await seriousFaults(page), []);

    await share.fill("130%");
    await form.getByText('Expected 0.0001% to 100%, found "130%"').waitFor();
    assert.equal(await share.getAttribute("aria-invalid"), "true");
    await button(page, "Packets are lost").click();
    await page.locator("input[aria-invalid=true]:focus").waitFor();
    assert.equal(await scriptText(page), before, "Nothing wrong is added");

    await share.fill("30%");
    await way.selectOption("forth");
    await lasts.fill("90s");
    // Enter is as good as the button.
    await lasts.press("Enter");
    await page.locator(".cm-content").getByText("link.loss").waitFor();
    assert.deepEqual(newLines(before, await scriptText(page)), [
      "- {at: 6m, fault: link.loss, on: wan, for: 90s, share: 30%, way: forth}",
    ]);
    await runIsComplete(page);
    await button(page, "Undo").click();
    await page.locator(".cm-content").getByText("link.loss").waitFor({ state: "detached" });
    assert.equal(await scriptText(page), before);
  });
});

testWithNeeds({
  name: "a failover is asked for its point, settings for what they are to be",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    const before = await scriptText(page);
    await scrubTo(page, 12 * MINUTE);
    const failover = await choices(page, "Fail over");
    const point = failover.getByLabel("Point");
    const points = await point.locator("option").allInnerTexts();
    assert.match(points[0]!, /^the newest, of 00:1\d:\d\d/);
    assert.match(points[1]!, /^the newest but 1, of 00:0\d:\d\d/);
    assert.ok(points.includes("the newest from before fire, site.fire"), points.join("; "));
    await point.selectOption({ index: 1 });
    await button(page, "Fail over").click();
    await page.locator(".cm-content").getByText("newest: 1").waitFor();
    const failedOver = await scriptText(page);
    assert.deepEqual(newLines(before, failedOver), [
      "- {at: 12m, do: failover start, vm: erp, point: {newest: 1}}",
    ]);

    await button(page, "Settings…").click();
    const settings = page.getByRole("form", { name: "Settings", exact: true });
    await settings.getByLabel("Frequency").fill("often");
    await settings.getByText(/^Expected a time such as/).waitFor();
    await settings.getByLabel("Frequency").fill("1m");
    await settings.getByLabel("Compression").selectOption({ label: "off" });
    await settings.getByRole("button", { name: "Add to the script" }).click();
    await page.locator(".cm-content").getByText("replication set").waitFor();
    assert.deepEqual(newLines(failedOver, await scriptText(page)), [
      "- {at: 12m, do: replication set, vm: erp, frequency: 1m, compression: false}",
    ]);
    assert.deepEqual(await seriousFaults(page), []);
    await page.keyboard.press("Escape");
    await settings.waitFor({ state: "detached" });
    assert.equal(await page.locator(":focus").innerText(), "Settings…", "The keyboard stays there");
  }, { colorScheme: "dark" });
});

testWithNeeds({
  name: "what the server refuses is told at once, in its words, and undone from there",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    const before = await scriptText(page);
    await scrubTo(page, 6 * MINUTE);
    await button(page, "Complete").click();
    const told = page.getByRole("alert").getByText(
      "“failover complete erp” at 6m was refused by the server: ",
    );
    await told.waitFor();
    const words = await told.innerText();
    assert.match(words, /server: .+[^.]\. [A-Z].*\.$/, `The cause, and what to do: ${words}`);
    await runIsComplete(page);
    const reason = words.slice(words.indexOf("was refused"));
    assert.match(await page.locator(".last-event").innerText(), /Step 3 was refused by the server/);
    await page.locator(".log").getByText(`Step 3 ${reason}`).waitFor();
    assert.deepEqual(await seriousFaults(page), []);

    await page.locator(".notice").getByRole("button", { name: "Undo" }).click();
    await told.waitFor({ state: "detached" });
    await page.locator(".cm-content").getByText("failover complete").waitFor({ state: "detached" });
    assert.equal(await scriptText(page), before);
    await runIsComplete(page);
    await button(page, "Stop guest").click();
    await page.locator(".cm-content").getByText("guest: stop").waitFor();
    await runIsComplete(page);
    assert.equal(await page.getByRole("alert").count(), 0, "What works is no news");
  });
});
