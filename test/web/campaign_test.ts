/**
 * Campaigns in the page: they fill in, belong to their script, and tell what became of their workers.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { program, testWithNeeds } from "../needs.ts";
import { seriousFaults } from "./accessibility.ts";
import {
  button,
  LabPage,
  RUN_MAX,
  runIsComplete,
  scriptText,
  workerScript,
  write,
} from "./lab_page.ts";
import { openTiny, TINY } from "./tiny_fire.ts";

const NEEDS = [program("chromium", "chromium")];

/** Plays so many seeds of what is in the editor. */
async function campaignOf(page: Page, seeds: number): Promise<void> {
  await button(page, "Campaign").click();
  await page.getByLabel("Seeds", { exact: true }).fill(String(seeds));
  await button(page, "Start campaign").click();
  await page.getByText(`${seeds} of ${seeds} seeds`).waitFor({ timeout: 3 * RUN_MAX });
}

testWithNeeds({
  name: "a campaign of 200 seeds fills in, and its worst opens on the stage",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await openTiny(page);
    await campaignOf(page, 200);
    const counts = await page.locator(".counts dd").allInnerTexts();
    assert.equal(counts.slice(0, 3).reduce((sum, text) => sum + Number(text), 0), 200);
    assert.equal(await page.locator(".histogram").count(), 4);
    assert.ok(await page.locator(".bar").count() > 4, "There are distributions");
    const worst = page.getByRole("button", { name: /^Open the worst: seed \d+$/ });
    const seed = /\d+/.exec(await worst.innerText())![0];
    await worst.click();
    await runIsComplete(page);
    await page.getByText(`seed ${seed}`, { exact: true }).waitFor();
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  testWithNeeds({
    name: `results of a campaign stay those of the script that was played, ${colorScheme}`,
    needs: NEEDS,
  }, async () => {
    await using lab = await LabPage.open();
    await lab.visit(async (page) => {
      await openTiny(page);
      await campaignOf(page, 3);
      const others = page.getByText("These results are of another script");
      assert.equal(await others.count(), 0);
      assert.deepEqual(await seriousFaults(page), []);

      await page.getByRole("combobox", { name: "Scenario" }).selectOption({
        label: "A link that loses packets",
      });
      await others.getByText("“A tiny fire”").waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      const worst = page.getByRole("button", { name: /^Open the worst: seed \d+$/ });
      const seed = /\d+/.exec(await worst.innerText())![0];
      await worst.click();
      await page.locator(".story strong").getByText("A tiny fire").waitFor();
      await page.getByText(`seed ${seed}`, { exact: true }).waitFor();
      await runIsComplete(page);
      assert.match(await scriptText(page), /tiny-fire/);

      await button(page, "Campaign").click();
      assert.equal(await others.count(), 0, "It is that script again");
      await button(page, "Drill").click();
      await write(page, TINY.replace("wait: 10s", "wait: 20s"));
      await button(page, "Campaign").click();
      await others.getByText("as it was before it was changed").waitFor();
      await button(page, "Start campaign").click();
      await page.getByText("3 of 3 seeds").waitFor({ timeout: RUN_MAX });
      assert.equal(await others.count(), 0, "The results are those of what was typed");
    }, { colorScheme });
  });
}

testWithNeeds({
  name: "a field of seeds shows what is used, or what is wrong with it",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await openTiny(page);
    await button(page, "Campaign").click();
    const [count, first] = [
      page.getByLabel("Seeds", { exact: true }),
      page.getByLabel("from seed"),
    ];
    const start = button(page, "Start campaign");
    for (const wrong of ["0", "-3", "", "10001", "2.5"]) {
      await count.fill(wrong);
      await page.getByText("Expected 1 to 10,000 seeds").waitFor();
      assert.equal(await count.getAttribute("aria-invalid"), "true");
      assert.ok(await start.isDisabled(), wrong);
    }
    await count.fill("2");
    await first.fill("-3");
    await page.getByText("Expected a whole number, 0 or more, as the first seed.").waitFor();
    assert.ok(await start.isDisabled());
    assert.deepEqual(await seriousFaults(page), []);
    await first.fill("7");
    await button(page, "Drill").click();
    await button(page, "Campaign").click();
    assert.equal(await first.inputValue(), "7", "What was written is there again");
    await start.click();
    await page.getByText("2 of 2 seeds").waitFor({ timeout: RUN_MAX });
    await page.getByRole("button", { name: /^Open the worst: seed [78]$/ }).waitFor();
  });
});

testWithNeeds({
  name: "seeds of workers that end without a word are told, and run again",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    let gone = true;
    await page.route("**/campaign_worker.js", async (route) => {
      if (gone) {
        return await route.fulfill(workerScript("onmessage = () => self.close()"));
      }
      await route.continue();
    });
    await page.clock.install();
    await page.goto(lab.origin);
    await openTiny(page);
    await button(page, "Campaign").click();
    await page.getByLabel("Seeds", { exact: true }).fill("150");
    await button(page, "Start campaign").click();
    await button(page, "Stop").waitFor();
    await page.clock.runFor(12_000);
    await page.getByText("150 of 150 seeds").waitFor();
    await page.getByText("150 seeds could not be run to their end; of seed 1: nothing came")
      .waitFor();
    await button(page, "Start campaign").waitFor();
    gone = false;
    await button(page, "Run the campaign again").click();
    await page.getByText("could not be run").waitFor({ state: "detached" });
    await page.getByText("150 of 150 seeds").waitFor({ timeout: 3 * RUN_MAX });
    await button(page, "Start campaign").waitFor();
    assert.equal(await page.getByText("could not be run").count(), 0);
  }, { blank: true, withoutServiceWorker: true });
});
