/**
 * The lab's page in headless Chromium: how long a first visit takes until a drill plays, and how long frames take while it does.
 *
 *     deno task bench page [--quick] [--json] [--rounds N]
 *
 * Each visit is a new profile. `computing`: the drill plays while its worker is still at work; `complete`: it plays what is
 * recorded. A frame is the time between two pictures, as the page's own callbacks see it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { button, LabPage } from "../test/web/lab_page.ts";
import { describeMachine, judge, ROOT, showSpread, spread } from "./measure.ts";

/** Seconds until a drill plays, and ms of a frame that 95 of 100 do not exceed. */
const COLD_MAX = 3;
const FRAME_MAX = 20;
/** How long frames are looked at, ms. */
const LOOK = 5000;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));

/** Frame times of the next while, ms. Runs in the page. */
function frameTimes(page: Page): Promise<number[]> {
  return page.evaluate((look) => {
    return new Promise<number[]>((resolve) => {
      const { requestAnimationFrame: whenDrawn } = globalThis as unknown as {
        requestAnimationFrame(next: (now: number) => void): void;
      };
      const times: number[] = [];
      let before = performance.now();
      const end = before + look;
      const next = (now: number) => {
        times.push(now - before);
        before = now;
        if (now < end) whenDrawn(next);
        else resolve(times.slice(1));
      };
      whenDrawn(next);
    });
  }, LOOK);
}

/** The time that 95 of 100 do not exceed. */
function p95(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length * 0.95)] ?? NaN;
}

async function visit(lab: LabPage) {
  let found = { cold: NaN, computing: NaN, complete: NaN };
  await lab.visit(async (page) => {
    const began = performance.now();
    await page.goto(lab.origin);
    await button(page, "Play").click();
    await button(page, "Pause").waitFor();
    const cold = (performance.now() - began) / 1000;
    const computing = p95(await frameTimes(page));
    await page.getByText("Run complete").waitFor({ timeout: 120_000 });
    await page.keyboard.press("Home");
    const play = button(page, "Play");
    if (await play.count() > 0) await play.click();
    const complete = p95(await frameTimes(page));
    found = { cold, computing, complete };
  }, { blank: true });
  return found;
}

await using lab = await LabPage.open(`${ROOT}scenarios`);
const visits = [];
for (let round = 0; round < rounds; round++) visits.push(await visit(lab));
const [cold, computing, complete] = [
  spread(visits.map((each) => each.cold)),
  spread(visits.map((each) => each.computing)),
  spread(visits.map((each) => each.complete)),
];
if (options.json) {
  console.log(JSON.stringify({ machine: describeMachine(), rounds, cold, computing, complete }));
} else {
  console.log(describeMachine());
  console.log(
    `First visit until a drill plays   ${showSpread(cold)} s  ${judge(cold.median <= COLD_MAX)}`,
  );
  const frame = (what: string, of: typeof cold) =>
    console.log(`${what} ${showSpread(of, 1)} ms  ${judge(of.median <= FRAME_MAX)}`);
  frame("p95 of frames, run under way     ", computing);
  frame("p95 of frames, run complete      ", complete);
}
