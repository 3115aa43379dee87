/**
 * A browser that keeps nothing of what is typed: it denies its storage, or that is full.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { program, testWithNeeds } from "../needs.ts";
import { button, LabPage, runIsComplete, scriptText, write } from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];

testWithNeeds(
  { name: "storage that is denied is told, and takes nothing away", needs: NEEDS },
  async () => {
    await using lab = await LabPage.open();
    const before = () => {
      Object.defineProperty(globalThis, "localStorage", {
        get() {
          throw new Error("denied");
        },
      });
    };
    await lab.visit(async (page) => {
      await page.getByText("This browser cannot keep your script").waitFor();
      await runIsComplete(page);
    }, { before });
  },
);

testWithNeeds(
  { name: "storage that is full is told, and nothing that was typed is lost", needs: NEEDS },
  async () => {
    await using lab = await LabPage.open();
    // As it comes about: other things have taken all that the browser grants.
    const before = () => {
      let size = 1 << 20;
      for (let key = 0; size >= 1;) {
        try {
          localStorage.setItem(`filler${key++}`, "x".repeat(size));
        } catch {
          size >>= 1;
        }
      }
    };
    await lab.visit(async (page) => {
      const browser = await page.context().newCDPSession(page);
      // What is kept for visits without a network has no place either.
      await browser.send("Storage.overrideQuotaForOrigin", { origin: lab.origin, quotaSize: 1024 });
      await page.goto(lab.origin);
      const told = page.getByText("This browser cannot keep your script: its storage is full");
      await told.waitFor();
      await runIsComplete(page);

      const typed = `${await scriptText(page)}# A thought that is nowhere else\n`;
      await write(page, typed);
      await button(page, "Connections break").click();
      await page.locator(".cm-content").getByText("link.reset").waitFor();
      await runIsComplete(page);
      assert.match(await scriptText(page), /# A thought that is nowhere else/);
      assert.ok(await told.isVisible(), "It is told as long as it is so");

      // Whoever leaves is asked first.
      const asked = page.waitForEvent("dialog");
      const leaving = page.evaluate("void setTimeout(() => location.reload())");
      const question = await asked;
      assert.equal(question.type(), "beforeunload");
      await question.dismiss();
      await leaving;
      assert.match(await scriptText(page), /# A thought that is nowhere else/);

      const saving = page.waitForEvent("download");
      await button(page, "Save file").click();
      const file = readFileSync(await (await saving).path(), "utf8");
      assert.match(file, /# A thought that is nowhere else/);
      assert.match(file, /link\.reset/);

      // Once there is space again, it is kept, and the notice goes.
      await page.evaluate("localStorage.clear()");
      await page.locator(".cm-content").press("Control+End");
      await page.keyboard.insertText("# More\n");
      await told.waitFor({ state: "detached" });
      assert.match(
        String(await page.evaluate("localStorage.getItem('warmsite.draft')")),
        /# More/,
      );
    }, { before, blank: true });
  },
);
