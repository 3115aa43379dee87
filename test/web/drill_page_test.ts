/**
 * Drills in the page, from the first visit to the verdict, as people play them.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { program, testWithNeeds } from "../needs.ts";
import { reportOf } from "./deno_report.ts";
import { measureFrames, recordFrames } from "./frame_times.ts";
import { button, LabPage, RUN_MAX, runIsComplete, scriptText, scrubTo } from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];
const MINUTE = 60_000_000;

/** Chooses a scenario of the library, as a first visit does. */
async function choose(page: Page, title: string): Promise<void> {
  await page.getByRole("combobox", { name: "Scenario" }).selectOption({ label: title });
  await page.locator(".story strong").getByText(title, { exact: true }).waitFor();
}

/** What an element looks like; the stage of the drill before may be taken away while its picture is. */
async function pictureOf(element: Locator): Promise<Uint8Array> {
  for (let attempt = 1;; attempt++) {
    try {
      return await element.screenshot();
    } catch (error) {
      if (attempt === 5 || !/not attached/.test(String(error))) throw error;
    }
  }
}

/** Records how long pictures take while the drill plays and, at its beginning, is computed. */
async function framesArePlayed(page: Page, name: string): Promise<void> {
  const stage = page.getByRole("region", { name: "Stage" });
  const before = await pictureOf(stage);
  const times = await measureFrames(page, 3000);
  assert.ok(times.frames > 0 && times.median > 0, "Pictures were drawn");
  assert.notDeepEqual(await pictureOf(stage), before, "The stage moves");
  recordFrames(name, times);
}

/** The frame with the report's own page. */
interface Framed {
  readonly contentWindow: { print: () => void };
  readonly ownerDocument: { title: string };
}

/** The minute that the clock of the transport shows. */
async function minuteOf(page: Page): Promise<number> {
  return Number(/:(\d\d):/.exec(await page.locator(".clock").innerText())?.[1]);
}

/** Its verdict and its sentence, as the report's page says them. */
async function verdict(page: Page): Promise<{ verdict: string; sentence: string }> {
  await button(page, "Report").click();
  return {
    verdict: await page.locator(".report-head .verdict").innerText(),
    sentence: await page.locator(".report-head .sentence").innerText(),
  };
}

testWithNeeds(
  { name: "first visit to verdict: what Deno says, Chromium says", needs: NEEDS },
  async (t) => {
    await using lab = await LabPage.open();
    const drills = [
      ["site-fire", "A small site burns", "Passed with conditions"],
      ["link-loss", "A link that loses packets", "Passed"],
      ["planned-move", "A planned move, and back the other way", "Passed"],
    ] as const;
    for (const [name, title, expected] of drills) {
      await t.step(name, async () => {
        const report = reportOf(name);
        await lab.visit(async (page) => {
          await choose(page, title);
          await button(page, "Play").click();
          await framesArePlayed(page, name);
          await runIsComplete(page);
          const shown = await verdict(page);
          assert.equal(shown.verdict, expected);
          assert.equal(shown.sentence, report.sentence);
          assert.equal(await page.locator("[data-trace]").innerText(), report.traceHash);
          const paper = page.frameLocator("iframe.paper");
          await paper.getByText(report.traceHash).first().waitFor();
        });
      });
    }
  },
);

testWithNeeds({ name: "scrubbing back shows what was", needs: NEEDS }, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    const stage = page.getByRole("region", { name: "Stage" });
    await scrubTo(page, 14 * MINUTE);
    await stage.getByText("destroyed by fire").waitFor();
    await stage.locator(".machine-side.side-1").getByText("runs here").waitFor();
    await scrubTo(page, 10 * MINUTE);
    assert.equal(await stage.getByText("destroyed by fire").count(), 0);
    await stage.locator(".machine-side.side-0").getByText("runs here").waitFor();
    // Events: the next thing that happens is the fire.
    await button(page, "To the beginning").click();
    await page.getByText("00:00:00", { exact: false }).first().waitFor();
    for (
      let step = 0;
      step < 40 && await stage.getByText("destroyed by fire").count() === 0;
      step++
    ) {
      await button(page, "One event").click();
    }
    assert.match(await page.locator(".clock").innerText(), /^00:12:30/);
  });
});

testWithNeeds({
  name: "a click becomes a line of the script, changes the outcome, and is undone",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await choose(page, "A link that loses packets");
    await runIsComplete(page);
    const before = await verdict(page);
    await button(page, "Drill").click();
    await scrubTo(page, 15 * MINUTE);
    let workers = 0;
    page.on("worker", () => workers++);
    await button(page, "The site burns down").click();
    await page.getByText(/^Running again with the change: \d+ %/).waitFor();
    await page.locator(".cm-content").getByText("site.fire").waitFor();
    assert.equal(await page.evaluate("scrollY"), 0, "The stage stays in view");
    assert.match(await scriptText(page), /at: 15m, fault: site\.fire, on: amsterdam/);
    await runIsComplete(page);
    await page.getByRole("region", { name: "Stage" }).getByText("destroyed by fire").waitFor();
    assert.equal(workers, 1, "Another worker has run it from its beginning");
    assert.match(await page.locator(".clock").innerText(), /^00:15:00/, "The playhead stays");
    const burnt = await verdict(page);
    assert.notEqual(burnt.sentence, before.sentence);
    await button(page, "Drill").click();
    await button(page, "Undo").click();
    await page.getByRole("region", { name: "Stage" }).getByText("destroyed by fire").waitFor({
      state: "detached",
      timeout: RUN_MAX,
    });
    assert.doesNotMatch(await scriptText(page), /site\.fire/);
    await runIsComplete(page);
    assert.deepEqual(await verdict(page), before);
  });
});

testWithNeeds({ name: "charts hold the report's numbers", needs: NEEDS }, async () => {
  await using lab = await LabPage.open();
  const report = reportOf("site-fire");
  const [machine] = report.machines;
  assert.ok(machine !== undefined);
  await lab.visit(async (page) => {
    await runIsComplete(page);
    // What effects draw is there a picture after the words.
    await page.waitForFunction((dots) => {
      const { warmsite } = globalThis as unknown as {
        warmsite?: { chartOn: (id: string) => { data: { datasets: { data: unknown[] }[] } } };
      };
      return warmsite?.chartOn("chart-rpo").data.datasets[0]?.data.length === dots;
    }, machine.rpoSeries.length);
    const data = await page.evaluate(() => {
      type Held = { data: { datasets: { data: unknown[] }[] } };
      const { chartOn } = (globalThis as unknown as {
        warmsite: { chartOn: (id: string) => Held };
      }).warmsite;
      const of = (id: string) => chartOn(id).data.datasets.map((dataset) => dataset.data);
      return { rpo: of("chart-rpo"), link: of("chart-link"), outcomes: of("chart-outcomes") };
    });
    const dots = (series: readonly (readonly [number, number | null])[]) =>
      series.map(([x, y]) => ({ x, y }));
    assert.deepEqual(data.rpo[0], dots(machine.rpoSeries));
    assert.deepEqual(data.rpo[1]?.map((dot) => (dot as { y: number }).y), [
      10 * MINUTE,
      10 * MINUTE,
    ]);
    assert.deepEqual(data.link[0], dots(report.linkSeries));
    assert.deepEqual(data.outcomes, [[machine.rpo], [machine.rto]]);
  });
});

testWithNeeds({
  name: "play, break, fail over, reverse, print: by labels, in at most 12 clicks",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    let clicks = 0;
    const click = async (label: string) => {
      clicks++;
      await button(page, label).click();
    };
    /** The playhead goes on by itself; nobody clicks for that. */
    const passes = async (minute: number) => {
      while (await minuteOf(page) < minute) await page.waitForTimeout(50);
    };
    await click("Play");
    await passes(6);
    await click("The site loses power");
    await passes(7);
    await click("Fail over");
    await passes(10);
    await click("Reverse");
    await runIsComplete(page);
    await click("Report");
    await page.locator("iframe.paper").evaluate((paper) => {
      const { contentWindow, ownerDocument } = paper as unknown as Framed;
      contentWindow.print = () => {
        ownerDocument.title = "printed";
      };
    });
    await click("Print");
    assert.equal(await page.title(), "printed");
    assert.ok(clicks <= 12, `${clicks} clicks`);
    const paper = page.frameLocator("iframe.paper");
    await paper.getByText("failover reverse").first().waitFor();
  });
});
