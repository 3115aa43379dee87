/**
 * The lab's page in headless Chromium: how long a first visit takes until a drill plays, how long frames take while it does, and
 * what memory the largest drill of the library takes.
 *
 *     deno task bench page [--quick] [--json] [--rounds N]
 *
 * Each visit is a new profile. `computing`: the drill plays while its worker is still at work, on the drill that takes it longest;
 * `complete`: it plays what is recorded. A frame is the time between two pictures, as the page's own callbacks see it. Memory is that
 * of the process of the page and its worker, at its most, while that drill runs.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { button, LabPage } from "../test/web/lab_page.ts";
import { describeMachine, judge, ROOT, showSpread, spread } from "./measure.ts";

/** Seconds until a drill plays, and ms of a frame that 95 of 100 do not exceed. */
const COLD_MAX = 3;
const FRAME_MAX = 20;
/** How long frames are looked at, ms: the largest drill is under way for longer. */
const LOOK = 3000;
/** The title of the largest drill. */
const LARGEST = "Two terabytes that write faster than the link carries";

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

/** The most memory of any page's process that this program's browsers have had, MB (`VmHWM` of proc(5)). */
function largestPage(): number {
  let most = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes("--type=renderer") || !isOurs(pid)) continue;
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const kibibytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
      most = Math.max(most, kibibytes * 1024 / 1e6);
    } catch {
      // It has ended meanwhile.
    }
  }
  return most;
}

/** True for a process that descends from this one. */
function isOurs(pid: string): boolean {
  for (let at = pid; Number(at) > 1;) {
    if (Number(at) === process.pid) return true;
    at = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${at}/status`, "utf8"))?.[1] ?? "0";
  }
  return false;
}

async function visit(lab: LabPage) {
  let found = { cold: NaN, computing: NaN, complete: NaN, memory: NaN };
  await lab.visit(async (page) => {
    const began = performance.now();
    await page.goto(lab.origin);
    await button(page, "Play").click();
    await button(page, "Pause").waitFor();
    const cold = (performance.now() - began) / 1000;
    await page.getByText("Run complete").waitFor({ timeout: 120_000 });
    await page.keyboard.press("Home");
    const play = button(page, "Play");
    if (await play.count() > 0) await play.click();
    const complete = p95(await frameTimes(page));
    await page.getByRole("combobox", { name: "Scenario" }).selectOption({ label: LARGEST });
    await button(page, "Play").click();
    const computing = p95(await frameTimes(page));
    await page.getByText("Run complete").waitFor({ timeout: 120_000 });
    found = { cold, computing, complete, memory: largestPage() };
  }, { blank: true });
  return found;
}

await using lab = await LabPage.open(`${ROOT}scenarios`);
const visits = [];
for (let round = 0; round < rounds; round++) visits.push(await visit(lab));
const [cold, computing, complete, memory] = [
  spread(visits.map((each) => each.cold)),
  spread(visits.map((each) => each.computing)),
  spread(visits.map((each) => each.complete)),
  spread(visits.map((each) => each.memory)),
];
if (options.json) {
  console.log(
    JSON.stringify({ machine: describeMachine(), rounds, cold, computing, complete, memory }),
  );
} else {
  console.log(describeMachine());
  console.log(
    `First visit until a drill plays   ${showSpread(cold)} s  ${judge(cold.median <= COLD_MAX)}`,
  );
  const frame = (what: string, of: typeof cold) =>
    console.log(`${what} ${showSpread(of, 1)} ms  ${judge(of.median <= FRAME_MAX)}`);
  frame("p95 of frames, run under way     ", computing);
  frame("p95 of frames, run complete      ", complete);
  console.log(`Memory of the page, ${LARGEST}   ${showSpread(memory, 0)} MB`);
}
