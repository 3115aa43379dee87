/**
 * What charts show is what was recorded, at the moment of the timeline and the stage, and has its place for every machine.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { instantText } from "../../lab/report/words.ts";
import type { Frame } from "../../lab/run/recording.ts";
import { runDrill } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { program, testWithNeeds } from "../needs.ts";
import { LIBRARY } from "../scenarios/library.ts";
import { LabPage, runIsComplete, scrubTo } from "./lab_page.ts";
import { type Held, openDrill, SCENARIOS } from "./library_page.ts";

const NEEDS = [program("chromium", "chromium")];
const MINUTE = 60_000_000;

/** Display states of a scenario of the library, as Deno makes them. */
function framesOf(name: string): readonly Frame[] {
  return runDrill(LIBRARY.get(`${name}.yaml`)!, loadKernel(), { engineHash: "" }).frames;
}

/** The first line of a chart. */
function lineOf(page: Page, id: string) {
  return page.evaluate((id) => {
    const { warmsite } = globalThis as unknown as { warmsite: { chartOn: (id: string) => Held } };
    const chart = warmsite.chartOn(id);
    return { dots: chart.data.datasets[0]!.data, from: chart.scales.x.min, to: chart.scales.x.max };
  }, id);
}

const NAMES = ["erp", "mail", "files", "directory-services-01", "web", "build"];

/** Six machines at one site, one of them with an objective of its own. */
const SIX = `name: six
title: Six machines at one site
end: 1h
world:
  scale: 4096
  sites: {amsterdam: {storage: ssd}, bern: {storage: ssd}}
  links: {wan: {between: [amsterdam, bern], rtt: 20ms, rate: 1Gbit}}
  machines:
${
  NAMES.map((name) =>
    `    ${name}: {disks: [64GiB, 16GiB], workloads: [{id: w, kind: database, rate: 500kB/s}], ` +
    `replication: {frequency: 5m}, objective: {rpo: ${name === "web" ? "20m" : "10m"}, rto: 15m}}`
  ).join("\n")
}
script:
  - {id: fire, at: 30m, fault: site.fire, on: amsterdam}
  - {after: fire.begin, wait: 4m, do: failover start, vm: erp}
`;

testWithNeeds({
  name: "a backlog is one number: recorded, on the stage, and in its chart",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  const frames = framesOf("planned-failover");
  await lab.visit(async (page) => {
    await openDrill(page, "planned-failover");
    await page.waitForFunction((dots) => {
      const { warmsite } = globalThis as unknown as {
        warmsite?: { chartOn: (id: string) => Held | undefined };
      };
      return warmsite?.chartOn("chart-backlog")?.data.datasets[0]?.data.length === dots;
    }, frames.length);
    const { dots, from, to } = await lineOf(page, "chart-backlog");
    assert.deepEqual(dots, frames.map(({ at, machines: [one] }) => ({ x: at, y: one!.backlog })));
    assert.deepEqual([from, to], [0, frames.at(-1)!.at]);
    const frame = frames.findLast(({ at }) => at <= 40 * MINUTE)!;
    await scrubTo(page, 40 * MINUTE);
    const stage = page.locator(".machine-middle dd").nth(1);
    assert.equal(await stage.innerText(), `${frame.machines[0]!.backlog! / 1024 / 1024}\u00a0MiB`);
  });
});

testWithNeeds({
  name: "charts, timeline and stage show one moment, and charts when something was wrong",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    await openDrill(page, "site-fire");
    for (const minute of [30, 125, 180]) {
      await scrubTo(page, minute * MINUTE);
      const clock = instantText(minute * MINUTE);
      await page.locator(".clock").getByText(clock).first().waitFor();
      const stage = page.getByRole("region", { name: "Stage" });
      assert.equal(await stage.getByText("destroyed by fire").count(), minute < 120 ? 0 : 1);
      const scrubbed = await page.locator(".scrub-cursor").evaluate((element) =>
        parseFloat((element as unknown as { style: { left: string } }).style.left)
      );
      assert.ok(Math.abs(scrubbed - minute / 180 * 100) < 0.01, `${scrubbed} %`);
      for (const id of ["chart-rpo", "chart-backlog", "chart-link"]) {
        const [drawn, meant] = await page.locator(`#${id}`).evaluate((canvas, time) => {
          const { warmsite } = globalThis as unknown as {
            warmsite: { chartOn: (id: string) => Held };
          };
          type Styled = { style: { left: string } };
          const { id, parentElement } = canvas as unknown as {
            id: string;
            parentElement: { querySelector: (selector: string) => Styled };
          };
          const cursor = parentElement.querySelector(".chart-cursor");
          const meant = warmsite.chartOn(id).scales.x.getPixelForValue(time);
          return [parseFloat(cursor.style.left), meant] as const;
        }, minute * MINUTE);
        assert.ok(Math.abs(drawn - meant) < 1, `${id} at ${minute} min: ${drawn} and ${meant}`);
      }
    }
    // What is shaded begins with the fire and lasts to the end.
    const shaded = await page.locator("#chart-backlog").evaluate((canvas) => {
      const { warmsite } = globalThis as unknown as { warmsite: { chartOn: (id: string) => Held } };
      const { id, width, clientWidth, getContext } = canvas as unknown as {
        id: string;
        width: number;
        clientWidth: number;
        getContext: (kind: "2d") => {
          getImageData: (...box: number[]) => { data: Uint8ClampedArray };
        };
      };
      const { chartArea: { top }, scales: { x } } = warmsite.chartOn(id);
      const ratio = width / clientWidth;
      const context = getContext.call(canvas, "2d");
      return [60, 121, 126, 150, 179].map((minute) => {
        const at = Math.round(x.getPixelForValue(minute * 60_000_000) * ratio) + 2;
        return context.getImageData(at, Math.round((top + 3) * ratio), 1, 1).data[3]! > 0;
      });
    });
    assert.deepEqual(shaded, [false, false, true, true, true]);
  });
});

testWithNeeds({
  name: "six machines have their place: lines, objectives, outcomes, and the transport in sight",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    const buffer = Buffer.from(SIX);
    await page.getByLabel("Open file").setInputFiles({
      name: "six.yaml",
      mimeType: "application/yaml",
      buffer,
    });
    await page.locator(".story strong").getByText("Six machines").waitFor();
    await runIsComplete(page);
    await page.waitForFunction(() => {
      const { warmsite } = globalThis as unknown as {
        warmsite?: { chartOn: (id: string) => Held | undefined };
      };
      return warmsite?.chartOn("chart-outcomes")?.data.datasets[0]?.data.length === 6;
    });
    const box = await page.getByRole("slider", { name: "Moment of the run" }).boundingBox();
    assert.ok(box !== null && box.y + box.height <= 800, `${box?.y}: the transport is in sight`);
    const legend = page.getByRole("list", { name: "Lines of the charts" });
    assert.deepEqual(await legend.getByRole("listitem").allInnerTexts(), [
      ...NAMES,
      "RPO objective of erp, mail, files, directory-services-01 and build: 10 min",
      "RPO objective of web: 20 min",
    ]);
    const drawn = await page.evaluate(() => {
      const { warmsite } = globalThis as unknown as {
        warmsite: { chartOn: (id: string) => Drawn };
      };
      interface Drawn {
        readonly data: {
          readonly datasets: readonly { borderColor: string; borderDash: number[] }[];
        };
        readonly chartArea: { readonly left: number; readonly right: number; height: number };
        readonly height: number;
        readonly scales: { readonly y: { readonly ticks: readonly unknown[] } };
      }
      const [rpo, outcomes] = [warmsite.chartOn("chart-rpo"), warmsite.chartOn("chart-outcomes")];
      return {
        lines: rpo.data.datasets.map(({ borderColor, borderDash }) =>
          `${borderColor} ${borderDash}`
        ),
        plot: rpo.chartArea.height / rpo.height,
        named: outcomes.scales.y.ticks.length,
      };
    });
    assert.equal(drawn.lines.length, 8);
    assert.equal(new Set(drawn.lines.slice(0, 6)).size, 6, "Each machine has a line of its own");
    assert.ok(drawn.plot > 0.7, `The plot has ${drawn.plot} of its place`);
    assert.equal(drawn.named, 6, "Each machine is named");
  });
});

testWithNeeds({
  name:
    "charts are as large as their place whenever they are drawn, and say that there is nothing to show",
  needs: NEEDS,
}, async () => {
  await using lab = await LabPage.open(SCENARIOS);
  await lab.visit(async (page) => {
    await openDrill(page, "slow-replica");
    for (let visit = 0; visit < 2; visit++) {
      await page.getByText("Nothing had to be recovered").waitFor();
      const outcomes = page.locator("#chart-outcomes");
      assert.equal(await outcomes.isVisible(), false, "Nothing is drawn below these words");
      // What Chart.js draws has the size of its place as soon as that is known to it.
      await page.waitForFunction(() => {
        const { document } = globalThis as unknown as {
          document: { querySelectorAll: (selector: string) => Iterable<Sized> };
        };
        interface Sized {
          readonly clientWidth: number;
          readonly parentElement: { readonly clientWidth: number };
        }
        const all = [...document.querySelectorAll(".chart canvas")];
        return all.length === 4 &&
          all.every(({ clientWidth, parentElement }) => clientWidth === parentElement.clientWidth);
      });
      await page.getByRole("button", { name: "Report", exact: true }).click();
      await page.getByRole("button", { name: "Drill", exact: true }).click();
    }
  });
});
