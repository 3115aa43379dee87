/**
 * One whole drill by keyboard alone: chosen, broken, failed over, edited, printed.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { program, testWithNeeds } from "../needs.ts";
import { LabPage, RUN_MAX, runIsComplete, scriptText } from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];

/** What has the keyboard, as people would call it. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(() => {
    type Named = { ariaLabel: string | null; innerText: string; tagName: string };
    const { document } = globalThis as unknown as { document: { activeElement: Named } };
    const { ariaLabel, innerText, tagName } = document.activeElement;
    return tagName === "SELECT" ? tagName : ariaLabel ?? innerText;
  });
}

/** Goes on by Tab until something has the keyboard. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < 120; step++) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (now === name) return;
    passed.push(now);
  }
  assert.fail(`${name} is not among ${passed.join(", ")}`);
}

/** Has the page be called printed once its report is. */
async function printIsSeen(page: Page): Promise<void> {
  const paper = page.locator("iframe.paper");
  await paper.waitFor({ timeout: RUN_MAX });
  await paper.evaluate((element) => {
    const { contentWindow, ownerDocument } = element as unknown as {
      contentWindow: { print: () => void };
      ownerDocument: { title: string };
    };
    contentWindow.print = () => {
      ownerDocument.title = "printed";
    };
  });
}

testWithNeeds({
  name: "a drill by keyboard alone: choose, break, fail over, edit, print",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    const { keyboard } = page;
    await runIsComplete(page);
    await tabTo(page, "SELECT");
    await keyboard.type("A link");
    await page.locator(".story strong").getByText("A link that loses packets").waitFor();
    await runIsComplete(page);
    await keyboard.press("Tab");

    // To where the link begins to lose packets.
    const clock = page.locator(".clock");
    for (let step = 0; step < 40 && !/^00:05/.test(await clock.innerText()); step++) {
      await keyboard.press("ArrowRight");
    }
    assert.match(await clock.innerText(), /^00:05/);
    await keyboard.press("a");
    await page.locator(".palette button:focus").waitFor();
    await tabTo(page, "The site burns down");
    await keyboard.press("Enter");
    await page.locator(".cm-content").getByText("site.fire").waitFor();
    await runIsComplete(page);
    await page.getByRole("region", { name: "Stage" }).getByText("destroyed by fire").waitFor();

    await keyboard.press("Shift+ArrowRight");
    await keyboard.press("a");
    // The first of what can be done.
    await page.locator("button:focus", { hasText: /^Fail over$/ }).waitFor();
    await keyboard.press("Enter");
    await page.locator(".cm-content").getByText("failover start").waitFor();
    await runIsComplete(page);

    await keyboard.press("e");
    await page.locator(".cm-content:focus").waitFor();
    await keyboard.press("Control+Home");
    await keyboard.type("# By keyboard alone\n");
    await keyboard.press("Control+Enter");
    await page.getByText("By keyboard alone").waitFor();
    await runIsComplete(page);
    assert.match(await scriptText(page), /^# By keyboard alone/);
    await keyboard.press("Escape");
    await keyboard.press("Tab");

    await keyboard.press("2");
    await printIsSeen(page);
    await tabTo(page, "Print");
    await keyboard.press("Enter");
    assert.equal(await page.title(), "printed");
    await page.frameLocator("iframe.paper").getByText("failover start").first().waitFor();
  });
});
