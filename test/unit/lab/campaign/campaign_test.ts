/**
 * Campaigns: distributions by hand and by law, and which seed is the worst.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Campaign } from "../../../../lab/campaign/campaign.ts";
import { Distribution } from "../../../../lab/campaign/distribution.ts";
import { type SeedResult, seedResult } from "../../../../lab/campaign/seed_result.ts";
import { DURATION } from "../../../../lab/report/axis.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import { fire, S, Story } from "../report/story.ts";

const seed = Number(Deno.env.get("SEED") ?? Date.now() % 2 ** 31);

/** A seed that lost nothing and passed, with changes. */
function result(of: Partial<SeedResult>): SeedResult {
  return {
    seed: 1,
    traceHash: "0".repeat(16),
    events: 10,
    verdict: "passed",
    sentence: "Nothing was lost.",
    rpo: null,
    rto: null,
    worstRpo: null,
    lostWrites: 0,
    lostBytes: 0,
    neverBack: false,
    violation: "",
    unmet: [],
    ...of,
  };
}

Deno.test("what is kept of a report is the worst of its machines", () => {
  assert.deepEqual(seedResult(makeReport(fire().recording(1200))), {
    seed: 7,
    traceHash: "0123456789abcdef",
    events: 1000,
    verdict: "passed-with-conditions",
    sentence: "You lost 4 min 11 s of erp, 252 writes, because the last point was cut " +
      "4 min 12 s before Amsterdam burned, and the first write that it lacks came 1 s later.",
    rpo: 251 * S,
    rto: 100 * S,
    worstRpo: 319 * S,
    lostWrites: 252,
    lostBytes: 252 * 4096,
    neverBack: false,
    violation: "",
    unmet: [],
  });
  const back = fire()
    .asks(1100, "failover planned", "erp", "berlin")
    .note(1101, { kind: "guest", vm: "erp", site: "berlin", runs: false })
    .note(1102, { kind: "cut", vm: "erp", site: "berlin", point: "p3", writes: 900, bytes: 0 })
    .note(1103, { kind: "failover", vm: "erp", site: "amsterdam", phase: "started", point: "p3" })
    .branch("erp", 1104, "amsterdam", "p3")
    .note(1104, { kind: "guest", vm: "erp", site: "amsterdam", runs: true })
    .note(1104, { kind: "moved", vm: "erp", site: "amsterdam", how: "planned" });
  const moved = seedResult(makeReport(back.recording(1200)));
  assert.deepEqual([moved.rpo, moved.rto, moved.lostWrites], [251 * S, 100 * S, 252]);
  const quiet = seedResult(makeReport(new Story("erp", "web").recording(10)));
  assert.deepEqual([quiet.rpo, quiet.rto, quiet.worstRpo], [null, null, null]);
  assert.deepEqual(structuredClone(quiet), quiet);
});

Deno.test("percentiles are values that occurred, and bars are round", () => {
  const values = new Distribution(DURATION);
  for (let second = 100; second >= 1; second--) values.add(second * S);
  const { p50, p90, p99, least, most, mean, histogram } = values.summary();
  assert.deepEqual([p50, p90, p99, least, most], [50, 90, 99, 1, 100].map((one) => one * S));
  assert.equal(mean, 50.5 * S);
  // 100 s in bars of 5 s: the least round width that gives at most 24 of them. 100 s itself is in the last one.
  assert.equal(histogram.length, 20);
  assert.deepEqual(histogram[0], { from: 0, to: 5 * S, count: 4 });
  assert.deepEqual(histogram.at(-1), { from: 95 * S, to: 100 * S, count: 6 });
});

Deno.test("a distribution of nothing, and one of zeros", () => {
  const none = new Distribution(DURATION);
  assert.deepEqual([none.summary().p50, none.summary().mean], [null, null]);
  assert.deepEqual(none.summary().histogram, []);
  none.add(0);
  none.add(0);
  const { p99, histogram } = none.summary();
  assert.equal(p99, 0);
  assert.equal(histogram.reduce((sum, { count }) => sum + count, 0), 2);
});

Deno.test("the worst seed: a broken invariant before a failure, that before a loss, and the lower one of equals", () => {
  const order = [
    result({ seed: 6, verdict: "failed", violation: "I30" }),
    result({ seed: 5, verdict: "failed", rpo: 9 * S }),
    result({ seed: 4, neverBack: true }),
    result({ seed: 3, rpo: 5 * S, lostBytes: 10 }),
    result({ seed: 1, rpo: 3 * S, lostBytes: 99 }),
    result({ seed: 2, rpo: 3 * S, lostBytes: 99 }),
  ];
  for (let from = 0; from < order.length; from++) {
    const campaign = new Campaign();
    for (const one of order.slice(from).toReversed()) campaign.add(one);
    assert.equal(campaign.summary().worst?.seed, order[from]!.seed);
  }
});

Deno.test("a campaign says what it came to", () => {
  const campaign = new Campaign();
  assert.equal(campaign.summary().sentence, "No seed has been run yet.");
  campaign.add(result({ seed: 2, rpo: 60 * S, rto: 90 * S, lostWrites: 5, lostBytes: 500 }));
  campaign.add(result({ seed: 1, verdict: "failed", unmet: ["erp: RPO"] }));
  campaign.addBroken(3, "its worker died");
  const { sentence, failures, broken, unmet, seeds } = campaign.summary();
  assert.equal(
    sentence,
    "Of 2 seeds 1 seed failed and 50 % lost something; " +
      "nine in ten cost at most 1 min of work and 1 min 30 s of standstill.",
  );
  assert.equal(seeds, 2);
  assert.deepEqual(failures.map((one) => one.seed), [1]);
  assert.deepEqual(broken, [{ seed: 3, why: "its worker died" }]);
  assert.deepEqual(unmet, [["erp: RPO", 1]]);
});

const measure = fc.option(fc.nat({ max: 3600 }).map((seconds) => seconds * S), { nil: null });
const drawn = fc.record({
  verdict: fc.constantFrom("passed", "passed-with-conditions", "failed"),
  rpo: measure,
  rto: measure,
  worstRpo: measure,
  lostWrites: fc.nat({ max: 20 }),
  lostBytes: fc.nat({ max: 2 ** 30 }),
  neverBack: fc.boolean(),
  unmet: fc.uniqueArray(fc.constantFrom("erp: RPO", "erp: RTO", "convergence")),
});

Deno.test(`a campaign does not depend on the order of its results (seed: ${seed})`, () => {
  const runs = fc.array(drawn, { maxLength: 150 }).chain((runs) =>
    fc.tuple(
      fc.constant(runs),
      fc.shuffledSubarray(runs.map((_, index) => index), { minLength: runs.length }),
    )
  );
  fc.assert(
    fc.property(runs, ([runs, order]) => {
      const [one, other] = [new Campaign(), new Campaign()];
      const results = runs.map((run, seed) => result({ ...run, seed }));
      for (const each of results) one.add(each);
      for (const index of order) other.add(results[index]!);
      assert.deepEqual(one.summary(), other.summary());
    }),
    { seed, numRuns: 50 },
  );
});

Deno.test(`every value is in one bar, and percentiles stand in order (seed: ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 1 }), (values) => {
      const distribution = new Distribution(DURATION);
      for (const value of values) distribution.add(value);
      const { histogram, least, p50, p90, p99, most, count } = distribution.summary();
      assert.equal(histogram.reduce((sum, bar) => sum + bar.count, 0), count);
      assert.ok(histogram.length <= 24);
      const inside = ({ from, to }: { from: number; to: number }, index: number) =>
        values.filter((value) =>
          value >= from && (value < to || (value === to && index === histogram.length - 1))
        ).length;
      assert.deepEqual(histogram.map((bar) => bar.count), histogram.map(inside));
      assert.ok(least! <= p50! && p50! <= p90! && p90! <= p99! && p99! <= most!);
      for (const [share, value] of [[0.5, p50], [0.9, p90], [0.99, p99]] as const) {
        assert.ok(values.filter((one) => one <= value!).length >= share * count);
      }
    }),
    { seed },
  );
});
