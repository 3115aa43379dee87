/**
 * Typing faster than the page is drawn.
 *
 * @module
 */

import assert from "node:assert/strict";
import { serveLab } from "../../lab/server/serve.ts";
import { program, testWithNeeds } from "../needs.ts";
import { button, FIXTURES, LabPage, runIsComplete, savedText } from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];

testWithNeeds({
  name: "what is typed fast stands in the script letter by letter",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    const before = await savedText(page);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    const words = `# ${Array.from({ length: 40 }, (_, at) => `word${at}`).join(" ")}`;
    await page.keyboard.type(words);
    assert.equal(await savedText(page), before + words);
  });
});

/** Has the page look whether the field for a name has the keyboard in the moment in which it is there. */
const WATCH = `globalThis.focusedAtOnce = new Promise((told) => {
  new MutationObserver((_, observer) => {
    const field = document.querySelector(".lab-question input");
    if (field === null) return;
    observer.disconnect();
    told(document.activeElement === field);
  }).observe(document.body, { childList: true, subtree: true });
});
undefined`;

testWithNeeds({
  name: "a name can be typed as soon as it is asked for",
  needs: NEEDS,
}, async () => {
  const bugs: unknown[] = [];
  const serve = (page: string) =>
    serveLab({ port: 0, page, data: undefined, bug: (error) => void bugs.push(error) });
  await using lab = await LabPage.open(FIXTURES, serve);
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await page.evaluate(WATCH);
    await button(page, "Fork…").press("Enter");
    assert.equal(await page.evaluate("globalThis.focusedAtOnce"), true);
  });
  assert.deepEqual(bugs, []);
});
