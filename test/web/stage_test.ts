/**
 * What the stage shows is what happened, in people's words, and nothing from behind the script.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { program, testWithNeeds } from "../needs.ts";
import { LIBRARY } from "../scenarios/library.ts";
import { LabPage, scrubTo } from "./lab_page.ts";
import { openDrill, SCENARIOS } from "./library_page.ts";

const NEEDS = [program("chromium", "chromium")];
const MINUTE = 60_000_000;

/** Waits until the first map shows differences, or none: it is drawn a picture after the words are there. */
async function cornersAre(page: Page, seen: boolean): Promise<void> {
  await page.waitForFunction((seen) => {
    interface Map {
      readonly width: number;
      readonly height: number;
      getContext(kind: "2d"): {
        getImageData(...box: number[]): { readonly data: Uint8ClampedArray };
      };
    }
    const { document } = globalThis as unknown as {
      document: { querySelector: (selector: string) => Map };
    };
    const map = document.querySelector(".disk-map");
    const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
    // Of what is drawn on a map only corners are redder than they are green and blue.
    let corners = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at]! > 180 && data[at + 1]! < 80) corners++;
    }
    return corners > 0 === seen;
  }, seen);
}

testWithNeeds({ name: "on a phone the newest points are in sight", needs: NEEDS }, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    await openDrill(page, "split-brain");
    await scrubTo(page, 75 * MINUTE);
    const [strip, newest] = await Promise.all([
      page.locator(".points").boundingBox(),
      page.locator(".points .point").last().boundingBox(),
    ]);
    assert.ok(strip !== null && newest !== null);
    const [end, room] = [newest.x + newest.width, strip.x + strip.width];
    assert.ok(end <= room, `The newest point ends at ${end}, and its strip at ${room}`);
  }, { width: 390, height: 844 });
});

/** Ids of kinds of faults, which are the script's words and nobody else's. */
const FAULT_IDS = /\b(site|host|link|disk|guest|machine|replica)\.[a-z]+/;

testWithNeeds(
  { name: "a drill ends where its script ends, with what was true then", needs: NEEDS },
  async () => {
    await using lab = await LabPage.open(SCENARIOS);
    await lab.visit(async (page) => {
      await openDrill(page, "site-fire");
      await page.keyboard.press("End");
      assert.match(await page.locator(".clock").innerText(), /^03:00:00\s*\/ 03:00:00/);
      const stage = page.getByRole("region", { name: "Stage" });
      await stage.locator(".site-plate.side-0").getByText("destroyed by fire").waitFor();
      await stage.locator(".machine-side.side-1").getByText("runs here").waitFor();
      assert.equal(await stage.getByText("Runs nowhere").count(), 0);
      const events = await page.getByRole("region", { name: "Events" }).innerText();
      assert.doesNotMatch(events, /heals|Over:/);
      const slider = page.getByRole("slider", { name: "Moment of the run" });
      assert.equal(await slider.getAttribute("max"), String(180 * MINUTE));
      // Playing to the end stops there by itself.
      await scrubTo(page, 179.9 * MINUTE);
      await page.getByRole("button", { name: "Play", exact: true }).click();
      await page.getByRole("button", { name: "Play", exact: true }).waitFor();
      assert.match(await page.locator(".clock").innerText(), /^03:00:00/);
    });
  },
);

testWithNeeds({ name: "a split brain is seen as one", needs: NEEDS }, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    await openDrill(page, "split-brain");
    await scrubTo(page, 75 * MINUTE);
    const machine = page.getByRole("group", { name: "Machine erp" });
    await machine.getByText("Split brain: runs at both sites").waitFor();
    assert.equal(await machine.getByText("runs here").count(), 2);
    const slider = page.getByRole("slider", { name: "Moment of the run" });
    assert.match(
      await slider.getAttribute("aria-valuetext") ?? "",
      /erp runs at amsterdam and bern/,
    );
    await scrubTo(page, 100 * MINUTE);
    await machine.getByText("Split brain").waitFor({ state: "detached" });
    assert.equal(await machine.getByText("runs here").count(), 1);
  });
});

testWithNeeds({
  name: "before the first point the stage says that there is none, and shows no difference",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    await openDrill(page, "site-fire");
    await page.keyboard.press("Home");
    const machine = page.getByRole("group", { name: "Machine erp" });
    await machine.getByText("no point yet").waitFor();
    assert.equal(await machine.getByText("Not replicated yet").count(), 2);
    const maps = machine.getByRole("img", { name: "not copied to the other site yet" });
    assert.equal(await maps.count(), 2);
    await cornersAre(page, false);
    await scrubTo(page, 33 * MINUTE);
    await cornersAre(page, true);
    const key = page.getByRole("list", { name: "Key of the disk maps" });
    await key.getByText("corner: differs from the other site").waitFor();
    await key.getByText("bar: changed since the newest point").waitFor();
    const events = page.getByRole("region", { name: "Events" });
    await scrubTo(page, 2 * MINUTE);
    assert.equal(await events.getByText("Servers connected").count(), 1, "Told by both, said once");
  });
});

testWithNeeds({
  name: "faults have their titles on the stage, at the timeline and among the events",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    await openDrill(page, "replica-disk-full");
    const begun = LIBRARY.get("replica-disk-full.yaml")!.script.find(({ kind }) =>
      kind === "fault"
    );
    assert.ok(begun !== undefined && "at" in begun.when);
    await scrubTo(page, begun.when.at + MINUTE);
    const stage = page.getByRole("region", { name: "Stage" });
    await stage.locator(".badge.trouble").getByText("No space is left").waitFor();
    assert.doesNotMatch(await stage.innerText(), FAULT_IDS);
    const events = await page.getByRole("region", { name: "Events" }).innerText();
    assert.match(events, /No space is left \(bern\)/);
    assert.doesNotMatch(events, FAULT_IDS);
    const shade = await page.locator(".scrub-fault").first().getAttribute("title");
    assert.equal(shade, "No space is left (bern)");
  });
});
