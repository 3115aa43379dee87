/**
 * The page under conditions that nobody wishes for: no network, damaged input, a worker that dies, no mouse, and
 * no eyes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { engineHash } from "../../lab/engine_hash.ts";
import { encodePermalink } from "../../lab/scenario/permalink.ts";
import { buildPage, COMPRESSED_MAX } from "../../tools/web/build.ts";
import { program, testWithNeeds } from "../needs.ts";
import { seriousFaults } from "./accessibility.ts";
import {
  button,
  FIXTURES,
  LabPage,
  runIsComplete,
  scriptText,
  serviceWorkerIsReady,
  workerScript,
  write,
} from "./lab_page.ts";

const NEEDS = [program("chromium", "chromium")];

testWithNeeds(
  { name: "after the first visit the page needs no network", needs: NEEDS },
  async () => {
    await using lab = await LabPage.open();
    await lab.visit(async (page) => {
      await runIsComplete(page);
      await serviceWorkerIsReady(page);
      await lab.stopServer();
      await page.reload();
      await page.getByText("The lab's server does not answer").waitFor();
      await runIsComplete(page);
      await button(page, "Report").click();
      await page.locator("iframe.paper").waitFor();
    });
  },
);

testWithNeeds({ name: "everything by keyboard", needs: NEEDS }, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    await runIsComplete(page);
    const press = (key: string) => page.keyboard.press(key);
    const clock = () => page.locator(".clock").innerText();
    await press("End");
    assert.match(await clock(), /^00:20:0/);
    await press("Home");
    assert.match(await clock(), /^00:00:00/);
    await press("ArrowRight");
    const first = await clock();
    await press("Shift+ArrowRight");
    await press("ArrowLeft");
    await press("Space");
    await button(page, "Pause").waitFor();
    await press("Space");
    await button(page, "Play").waitFor();
    assert.ok(first !== "");
    // A fault, by Tab and Enter alone.
    await press("a");
    const focused = () => page.locator(":focus").innerText();
    for (let step = 0; step < 40 && await focused() !== "The site loses power"; step++) {
      await press("Tab");
    }
    assert.equal(await focused(), "The site loses power");
    await press("Enter");
    await page.locator(".cm-content").getByText("site.power").waitFor();
    await press("Control+z");
    await page.locator(".cm-content").getByText("site.power").waitFor({ state: "detached" });
    await press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await press("Escape");
    await press("2");
    await page.getByRole("region", { name: "Report" }).waitFor();
    await press("3");
    await page.getByRole("region", { name: "Campaign" }).waitFor();
  });
});

testWithNeeds(
  { name: "mistakes are told at their places, and what was typed stays", needs: NEEDS },
  async () => {
    await using lab = await LabPage.open();
    await lab.visit(async (page) => {
      await runIsComplete(page);
      const good = await scriptText(page);
      await write(page, "Dear customer,\nthis is no scenario: at all\n");
      await page.getByRole("alert").getByText(/^Line \d+, column \d+: /).waitFor();
      await page.locator(".cm-lint-marker-error").first().waitFor();
      const box = await page.locator(".problems").boundingBox();
      assert.ok(box !== null && box.y > 0 && box.y + box.height < 800, "It is in view");
      assert.ok(await button(page, "Run").isDisabled(), "Nothing wrong is run");
      await button(page, "The site burns down").click();
      await page.getByText("The script has mistakes, so nothing was added to it").waitFor();
      assert.match(await scriptText(page), /^Dear customer,/);
      await page.reload();
      await page.locator(".cm-content").getByText("Dear customer").waitFor();
      await page.locator(".problems").waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await page.getByLabel("Open file").setInputFiles({
        name: "film.mp4",
        mimeType: "video/mp4",
        buffer: Buffer.from([0xff, 0xfe, 0x00, 0x81]),
      });
      await page.getByText("film.mp4 is no scenario: it is not text in UTF-8.").waitFor();
      assert.match(await scriptText(page), /^Dear customer,/);
      assert.match(good, /site-fire/);
    });
  },
);

testWithNeeds({ name: "a worker that dies is told, and runs again", needs: NEEDS }, async () => {
  await using lab = await LabPage.open();
  await lab.visit(async (page) => {
    let dead = false;
    await page.route("**/drill_worker.js", async (route) => {
      if (dead) return await route.continue();
      dead = true;
      await route.fulfill(workerScript("throw new Error('out of luck')"));
    });
    await page.goto(lab.origin);
    await page.getByText(/^The run ended unexpectedly: .*out of luck/).waitFor();
    await button(page, "Run again").click();
    await runIsComplete(page);
  }, { blank: true, withoutServiceWorker: true });
});

testWithNeeds({
  name: "a worker that ends without a word, or is stuck, is told, and runs again",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open();
  for (const body of ["onmessage = () => self.close()", "onmessage = () => { for (;;); }"]) {
    await lab.visit(async (page) => {
      let dead = false;
      await page.route("**/drill_worker.js", async (route) => {
        if (dead) return await route.continue();
        dead = true;
        await route.fulfill(workerScript(body));
      });
      await page.clock.install();
      await page.goto(lab.origin);
      await page.getByText(/^Computing: 0 %/).waitFor();
      await page.clock.runFor(8000);
      assert.equal(await page.getByText("Nothing has come from the run").count(), 0);
      await page.clock.runFor(4000);
      await page.getByText("Nothing has come from the run for 10 s, at 0 %").waitFor();
      await button(page, "Run again").click();
      await runIsComplete(page);
      assert.equal(await page.getByText("Nothing has come from the run").count(), 0);
    }, { blank: true, withoutServiceWorker: true });
  }
});

testWithNeeds(
  { name: "a link that is opened takes nothing of what was typed", needs: NEEDS },
  async () => {
    const text = readFileSync(`${FIXTURES}/link-loss.yaml`, "utf8");
    const link = await encodePermalink({ text, seed: 5, engineHash: engineHash(), at: 0 });
    assert.ok(link.ok);
    await using lab = await LabPage.open();
    const before = () => localStorage.setItem("warmsite.draft", "half: a thought");
    await lab.visit(async (page) => {
      await page.locator(".cm-content").getByText("link-loss").waitFor();
      await page.getByText("seed 5", { exact: true }).waitFor();
      await button(page, "Undo").click();
      await page.locator(".cm-content").getByText("half").waitFor();
    }, { before, fragment: link.fragment });
  },
);

Deno.test("the whole page is at most 700 KB, compressed", async () => {
  const folder = mkdtempSync(`${tmpdir()}/warmsite-page-`);
  try {
    const files = await buildPage(folder);
    const sum = files.reduce((total, { compressed }) => total + compressed, 0);
    assert.ok(sum > 0 && sum <= COMPRESSED_MAX, `${sum} bytes`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const colorScheme of ["light", "dark"] as const) {
  testWithNeeds(
    { name: `axe-core finds no serious fault, ${colorScheme}`, needs: NEEDS },
    async () => {
      await using lab = await LabPage.open();
      await lab.visit(async (page) => {
        await runIsComplete(page);
        await page.keyboard.press("End");
        assert.deepEqual(await seriousFaults(page), []);
        for (const part of ["Report", "Campaign"]) {
          await button(page, part).click();
          assert.deepEqual(await seriousFaults(page), [], part);
        }
      }, { colorScheme });
      await lab.visit(async (page) => {
        await runIsComplete(page);
        assert.deepEqual(await seriousFaults(page), []);
        const wide = await page.evaluate(() => {
          const { document } = globalThis as unknown as {
            document: { documentElement: { scrollWidth: number; clientWidth: number } };
          };
          const { scrollWidth, clientWidth } = document.documentElement;
          return scrollWidth - clientWidth;
        });
        assert.ok(wide <= 0, `${wide} pixels stick out on a small phone`);
      }, { colorScheme, width: 360, height: 740 });
    },
  );
}
