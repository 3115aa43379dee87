/**
 * What is stored for programs, as people see it in the page.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { engineHash } from "../../lab/engine_hash.ts";
import { encodePermalink } from "../../lab/scenario/permalink.ts";
import { readableText } from "../../lab/scenario/readable_text.ts";
import { program, testWithNeeds } from "../needs.ts";
import { reportOfText } from "./deno_report.ts";
import { button, LabPage, runIsComplete, savedText, scriptText, shownTrace } from "./lab_page.ts";

testWithNeeds({
  name: "a regression is opened as people write scenarios, is edited by click, and is the same run",
  needs: [program("chromium", "chromium")],
}, async () => {
  const [name, title] = ["I37-9477a3de658c.json", "I37 did not hold"];
  const file = fileURLToPath(new URL(`../../scenarios/regressions/${name}`, import.meta.url));
  const stored = readFileSync(file, "utf8");
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    await page.getByLabel("Open file").setInputFiles(file);
    await page.locator(".story strong").getByText(title, { exact: true }).waitFor();
    await runIsComplete(page);
    assert.match(await scriptText(page), /\nstory: >-\n {2}A machine that waited for its import/);
    const shown = await savedText(page);
    assert.equal(shown, readableText(stored));
    const trace = await shownTrace(page);
    assert.equal(trace, reportOfText(stored).traceHash);
    await button(page, "Drill").click();
    await button(page, "The site burns down").click();
    await page.locator(".cm-content").getByText("site.fire").waitFor();
    await button(page, "Undo").click();
    await page.locator(".cm-content").getByText("site.fire").waitFor({ state: "detached" });
    assert.equal(await savedText(page), shown);
  });
  const drill = { text: stored, seed: 7, engineHash: engineHash(), at: 0 };
  const link = await encodePermalink(drill);
  assert.ok(link.ok);
  await lab.visit(async (page) => {
    await page.locator(".story strong").getByText(title, { exact: true }).waitFor();
    assert.equal(await savedText(page), readableText(stored));
  }, { fragment: link.fragment });
});
