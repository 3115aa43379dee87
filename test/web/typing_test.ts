/**
 * Typing into the script, faster than the page draws it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { program, testWithNeeds } from "../needs.ts";
import { LabPage, runIsComplete, savedText } from "./lab_page.ts";

testWithNeeds({
  name: "what is typed fast stands in the script letter by letter",
  needs: [program("chromium", "chromium")],
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
