/**
 * The simulated world runs the same in Deno and in a browser: event for event, byte for byte.
 *
 * The proof that a seed found in one place can be replayed in the other (I50). The last tests break
 * the rule on purpose, for a comparison that cannot fail proves nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { generate } from "../../engine/sim/scenario/generate.ts";
import { FAULT_NAMES } from "../../engine/sim/scenario/generate/fault_kinds.ts";
import { program, testWithNeeds } from "../needs.ts";
import type { Answer, Order } from "./run_worker.ts";
import { runInDeno, runInPage, type Runtime, withChromium } from "./runtimes.ts";
import type { RunTrace } from "./simulated_runs.ts";
import { type Replacement, SourceServer } from "./source_server.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
/** Run a second time, in another order, in a realm that has already run everything. */
const AGAIN = [50, 18, 7, 2];
const NEEDS = [program("chromium", "chromium")];

/** The simulated world with a generator of random numbers that looks at the clock. */
const IMPURE: Replacement = {
  file: "engine/sim/prng.ts",
  before: "return sum >>> 0;",
  after: "return (sum ^ (performance.now() * 1000)) >>> 0;",
};

function tracesOf(answer: Answer): readonly RunTrace[] {
  assert.ok("traces" in answer, "error" in answer ? answer.error : "Traces were asked for");
  return answer.traces;
}

function linesOf(answer: Answer): readonly string[] {
  assert.ok("lines" in answer, "error" in answer ? answer.error : "Lines were asked for");
  return answer.lines;
}

/** The seeds whose runs differ in anything that is compared. */
function differingSeeds(left: readonly RunTrace[], right: readonly RunTrace[]): number[] {
  assert.deepEqual(left.map(({ seed }) => seed), right.map(({ seed }) => seed));
  return left.filter((run, index) => JSON.stringify(run) !== JSON.stringify(right[index]))
    .map(({ seed }) => seed);
}

/** Of a list whose end repeats seeds from its start: the seeds that ran differently then. */
function unstableSeeds(runs: readonly RunTrace[]): number[] {
  const first = AGAIN.map((seed) => runs.find((run) => run.seed === seed) as RunTrace);
  return differingSeeds(first, runs.slice(-AGAIN.length));
}

/** The first event in which two runs of `seed` part, for whoever has to find out why. */
async function firstDifference(seed: number, left: Runtime, right: Runtime): Promise<string> {
  const order: Order = { what: "lines", seed };
  const [ours, theirs] = [linesOf(await left(order)), linesOf(await right(order))];
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  const place = at < 0 ? ours.length : at;
  return `Seed ${seed}, line ${place}: Deno has "${ours[place]}", Chromium "${theirs[place]}"`;
}

/** Kinds of faults that the generator draws, as events name them. */
const FAULTS = new Set(FAULT_NAMES.map((name) => name.replace(/-(?:[ab]|storm)$/, "")));

Deno.test("something goes wrong in nearly each of the 50 seeds, and nearly every fault occurs", () => {
  const scenarios = SEEDS.map((seed) => generate(seed).events.map(({ kind }) => String(kind)));
  const troubled = scenarios.filter((kinds) => kinds.some((kind) => FAULTS.has(kind)));
  assert.ok(troubled.length >= 48, `${troubled.length} seeds have faults`);
  const met = new Set(scenarios.flat());
  const missing = [...FAULTS].filter((kind) => !met.has(kind));
  assert.ok(missing.length <= 1, `No seed has ${missing.join(", ")}`);
});

testWithNeeds(
  { name: "50 seeds have equal trace hashes in Deno and in headless Chromium", needs: NEEDS },
  async () => {
    await using server = new SourceServer();
    await withChromium(server, async (page) => {
      const inPage = runInPage(page, server);
      const order: Order = { what: "traces", seeds: [...SEEDS, ...AGAIN], banned: true };
      const answers = await Promise.all([runInDeno(order), inPage(order)]);
      const [deno, browser] = [tracesOf(answers[0]), tracesOf(answers[1])];
      assert.equal(deno.length, SEEDS.length + AGAIN.length);
      assert.equal(new Set(deno.map(({ hash }) => hash)).size, SEEDS.length, "Seeds differ");
      assert.deepEqual(unstableSeeds(deno), [], "In Deno a seed runs the same every time");
      assert.deepEqual(unstableSeeds(browser), [], "In Chromium a seed runs the same every time");
      const [differing] = differingSeeds(deno, browser);
      if (differing === undefined) return;
      assert.fail(await firstDifference(differing, runInDeno, inPage));
    });
  },
);

testWithNeeds(
  { name: "a run that looks at the clock is found by its trace and by the ban", needs: NEEDS },
  async () => {
    await using server = new SourceServer({ impure: [IMPURE] });
    await withChromium(server, async (page) => {
      const impure = runInPage(page, server, "impure");
      const seeds = [1, 2, 3];
      const order: Order = { what: "traces", seeds, banned: false };
      const [deno, first, second] = [
        tracesOf(await runInDeno(order)),
        tracesOf(await impure(order)),
        tracesOf(await impure(order)),
      ];
      assert.deepEqual(differingSeeds(deno, first), seeds, "Deno and Chromium differ");
      assert.deepEqual(differingSeeds(first, second), seeds, "Chromium differs from itself");
      const banned = await impure({ ...order, banned: true });
      assert.match("error" in banned ? banned.error : "", /A simulated run used performance/);
      const pure = tracesOf(await runInPage(page, server)({ ...order, banned: true }));
      assert.deepEqual(differingSeeds(deno, pure), [], "The same server's plain source is equal");
    });
  },
);

testWithNeeds(
  { name: "the kernel gives the same bytes in Deno and in headless Chromium", needs: NEEDS },
  async () => {
    await using server = new SourceServer();
    await withChromium(server, async (page) => {
      const deno = linesOf(await runInDeno({ what: "kernel" }));
      assert.ok(deno.length > 20);
      assert.deepEqual(linesOf(await runInPage(page, server)({ what: "kernel" })), deno);
    });
  },
);
