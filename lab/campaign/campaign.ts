/**
 * A campaign: one drill under many seeds, summed up while its results come in, in whatever order.
 *
 * Rule: its summary depends on which results it was given, and not on their order.
 *
 * @module
 */

import { DURATION, type Scale, SIZE } from "../report/axis.ts";
import { durationText, listText, many, shareText } from "../report/words.ts";
import { Distribution, type DistributionSummary } from "./distribution.ts";
import type { SeedResult } from "./seed_result.ts";

/** Seeds of each kind of trouble that are named. */
const NAMED_MAX = 100;

const COUNT: Scale = {
  steps: Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat(),
  show: String,
};

/** A seed that could not be run to its end. */
export interface BrokenSeed {
  readonly seed: number;
  readonly why: string;
}

/** What a campaign came to so far. */
export interface CampaignSummary {
  /** Results, without those that could not be run to the end. */
  readonly seeds: number;
  readonly passed: number;
  readonly withConditions: number;
  readonly failed: number;
  readonly neverBack: number;
  /** Seeds that lost at least one acknowledged write. */
  readonly lossy: number;
  readonly broken: readonly BrokenSeed[];
  /** Seeds that failed, the lowest first, at most a hundred of them. */
  readonly failures: readonly SeedResult[];
  /** The gravest of all; undefined before the first result. */
  readonly worst: SeedResult | undefined;
  readonly rpo: DistributionSummary;
  readonly rto: DistributionSummary;
  readonly worstRpo: DistributionSummary;
  readonly lostWrites: DistributionSummary;
  readonly lostBytes: DistributionSummary;
  /** How many seeds broke each expectation, the most frequent first. */
  readonly unmet: readonly (readonly [name: string, seeds: number])[];
  readonly sentence: string;
}

/** What makes one result graver than another, the gravest reason first; the lower seed where all are alike. */
function gravity(result: SeedResult): number[] {
  return [
    result.violation === "" ? 0 : 1,
    result.verdict === "failed" ? 1 : 0,
    result.neverBack ? 1 : 0,
    result.rpo ?? -1,
    result.lostBytes,
    result.rto ?? -1,
    result.worstRpo ?? -1,
    -result.seed,
  ];
}

function isGraver(left: SeedResult, right: SeedResult): boolean {
  const [one, other] = [gravity(left), gravity(right)];
  const at = one.findIndex((reason, index) => reason !== other[index]);
  return at >= 0 && one[at]! > other[at]!;
}

/** Keeps the entries with the lowest seeds, in order. */
function keepLowest<Entry extends { readonly seed: number }>(entries: Entry[], entry: Entry): void {
  const at = entries.findIndex(({ seed }) => seed > entry.seed);
  entries.splice(at < 0 ? entries.length : at, 0, entry);
  if (entries.length > NAMED_MAX) entries.pop();
}

/** A campaign that fills in live. */
export class Campaign {
  readonly #verdicts = { "passed": 0, "passed-with-conditions": 0, "failed": 0 };
  readonly #rpo = new Distribution(DURATION);
  readonly #rto = new Distribution(DURATION);
  readonly #worstRpo = new Distribution(DURATION);
  readonly #lostWrites = new Distribution(COUNT);
  readonly #lostBytes = new Distribution(SIZE);
  readonly #failures: SeedResult[] = [];
  readonly #broken: BrokenSeed[] = [];
  readonly #unmet = new Map<string, number>();
  #seeds = 0;
  #neverBack = 0;
  #lossy = 0;
  #worst: SeedResult | undefined;

  /** One more seed was run to its end. */
  add(result: SeedResult): void {
    this.#seeds++;
    this.#verdicts[result.verdict]++;
    if (result.neverBack) this.#neverBack++;
    if (result.lostWrites > 0) this.#lossy++;
    if (result.rpo !== null) this.#rpo.add(result.rpo);
    if (result.rto !== null) this.#rto.add(result.rto);
    if (result.worstRpo !== null) this.#worstRpo.add(result.worstRpo);
    this.#lostWrites.add(result.lostWrites);
    this.#lostBytes.add(result.lostBytes);
    for (const name of result.unmet) this.#unmet.set(name, (this.#unmet.get(name) ?? 0) + 1);
    if (result.verdict === "failed") keepLowest(this.#failures, result);
    if (this.#worst === undefined || isGraver(result, this.#worst)) this.#worst = result;
  }

  /** A seed could not be run to its end: its worker died, or the run did. */
  addBroken(seed: number, why: string): void {
    keepLowest(this.#broken, { seed, why });
  }

  /** What it came to so far. */
  summary(): CampaignSummary {
    const unmet = [...this.#unmet].sort(([one, left], [other, right]) =>
      right - left || (one < other ? -1 : 1)
    );
    return {
      seeds: this.#seeds,
      passed: this.#verdicts["passed"],
      withConditions: this.#verdicts["passed-with-conditions"],
      failed: this.#verdicts["failed"],
      neverBack: this.#neverBack,
      lossy: this.#lossy,
      broken: [...this.#broken],
      failures: [...this.#failures],
      worst: this.#worst,
      rpo: this.#rpo.summary(),
      rto: this.#rto.summary(),
      worstRpo: this.#worstRpo.summary(),
      lostWrites: this.#lostWrites.summary(),
      lostBytes: this.#lostBytes.summary(),
      unmet,
      sentence: this.#sentence(),
    };
  }

  #sentence(): string {
    if (this.#seeds === 0) return "No seed has been run yet.";
    const failed = this.#verdicts["failed"];
    const [rpo, rto] = [this.#rpo.percentile(0.9), this.#rto.percentile(0.9)];
    const lost = this.#lossy === 0
      ? "none lost a write"
      : `${shareText(this.#lossy / this.#seeds)} lost something`;
    const measures = [
      ...(rpo === null ? [] : [`at most ${durationText(rpo)} of work`]),
      ...(rto === null ? [] : [`${durationText(rto)} of standstill`]),
    ];
    const usual = measures.length === 0 ? "" : `; nine in ten cost ${listText(measures)}`;
    const verdict = failed === 0 ? "none failed" : `${many(failed, "seed")} failed`;
    return `Of ${many(this.#seeds, "seed")} ${verdict} and ${lost}${usual}.`;
  }
}
