/**
 * A tab that sleeps, as it does when a laptop is closed or a browser saves memory: the drill goes on where it was.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { program, testWithNeeds } from "../needs.ts";
import { reportOf } from "./deno_report.ts";
import { button, LabPage, runIsComplete, shownTrace } from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];

/** The moment that the clock of the transport shows, s. */
async function moment(page: Page): Promise<number> {
  const [, hours, minutes, seconds] =
    /(\d\d):(\d\d):(\d\d)/.exec(await page.locator(".clock").innerText()) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

testWithNeeds({
  name:
    "a tab that slept for an hour shows the moment at which it fell asleep, and plays on from there",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  const { traceHash } = reportOf("site-fire");
  await lab.visit(async (page) => {
    // The clock of the page, pictures included, is the test's; workers have their own and go on.
    await page.clock.install({ time: 0 });
    await page.goto(lab.origin);
    await runIsComplete(page);
    await page.clock.pauseAt(10 * 60_000);
    await button(page, "Play").click();
    await page.clock.runFor(4000);
    const before = await moment(page);
    assert.ok(before > 60, `It plays: ${before} s`);

    await page.clock.fastForward("01:00:00");
    await page.clock.runFor(20);
    const after = await moment(page);
    // An hour at this speed would be far behind the end of the drill. A picture or two are a few seconds.
    assert.ok(after >= before && after - before < 10, `From ${before} s to ${after} s`);
    await button(page, "Pause").waitFor();

    await page.clock.runFor(4000);
    const later = await moment(page);
    assert.ok(later - after > 60 && later - after < 240, `From ${after} s to ${later} s`);
    await page.clock.resume();
    assert.equal(await shownTrace(page), traceHash);
  }, { blank: true, withoutServiceWorker: true });
});

/** Stops the processes in which this browser's pages and their workers are, and lets them go on. */
async function sleep(page: Page, milliseconds: number): Promise<void> {
  const browser = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  const pages = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  assert.ok(pages.length > 0);
  for (const id of pages) Deno.kill(id, "SIGSTOP");
  try {
    await new Promise((go) => setTimeout(go, milliseconds));
  } finally {
    for (const id of pages) Deno.kill(id, "SIGCONT");
  }
}

testWithNeeds({
  name:
    "a tab that sleeps while its run is computed, its worker too, comes to the run that it would have",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  const { traceHash } = reportOf("site-fire");
  await lab.visit(async (page) => {
    await button(page, "Play").click();
    // The run is under way, and is not over yet.
    await page.getByText(/^Computing: \d+ %/).waitFor();
    await sleep(page, 3000);
    assert.ok(await page.evaluate("longest") as number > 2500, "It slept");
    await runIsComplete(page);
    assert.equal(await shownTrace(page), traceHash);
  }, {
    withoutServiceWorker: true,
    before: () => {
      let last = performance.now();
      Object.assign(globalThis, { longest: 0 });
      setInterval(() => {
        const now = performance.now();
        const { longest } = globalThis as unknown as { longest: number };
        Object.assign(globalThis, { longest: Math.max(longest, now - last) });
        last = now;
      }, 50);
    },
  });
});
