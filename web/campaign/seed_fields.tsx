/**
 * Which seeds a campaign is to play, as somebody writes them.
 *
 * Rule: a field shows what will be used, or says why that cannot be.
 *
 * @module
 */

import { computed, type Signal, signal } from "@preact/signals";
import { countText } from "../../lab/report/words.ts";

/** Seeds of one campaign, at most. */
const SEEDS_MAX = 10_000;
/** The first of them, at most: the last one is a seed as well. */
const FIRST_MAX = Number.MAX_SAFE_INTEGER - SEEDS_MAX;

/** What stands in the fields; it is there again when the view is. */
const entries = { count: signal("100"), first: signal("1") };

const within = (entry: string, least: number, most: number): number | undefined => {
  const value = Number(entry);
  const whole = entry.trim() !== "" && Number.isSafeInteger(value);
  return whole && value >= least && value <= most ? value : undefined;
};

const count = computed(() => within(entries.count.value, 1, SEEDS_MAX));
const first = computed(() => within(entries.first.value, 0, FIRST_MAX));

/** The seeds that are asked for; undefined as long as a field cannot be used. */
export const seedsAsked = computed(() =>
  count.value === undefined || first.value === undefined
    ? undefined
    : { count: count.value, first: first.value }
);

function SeedField({ label, entry, least, wrong }: {
  readonly label: string;
  readonly entry: Signal<string>;
  readonly least: number;
  readonly wrong: boolean;
}) {
  return (
    <label>
      {label}
      <input
        type="number"
        min={least}
        value={entry.value}
        aria-invalid={wrong}
        aria-describedby={wrong ? "seeds-wrong" : undefined}
        onInput={(event) => {
          entry.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}

/** The fields. */
export function SeedFields() {
  return (
    <>
      <SeedField
        label="Seeds"
        entry={entries.count}
        least={1}
        wrong={count.value === undefined}
      />
      <SeedField
        label="from seed"
        entry={entries.first}
        least={0}
        wrong={first.value === undefined}
      />
    </>
  );
}

/** What is wrong with the fields. */
export function SeedsWrong() {
  if (seedsAsked.value !== undefined) return null;
  return (
    <p id="seeds-wrong" class="wrong" role="alert">
      {count.value === undefined
        ? `Expected 1 to ${countText(SEEDS_MAX)} seeds, in digits.`
        : "Expected a whole number, 0 or more, as the first seed."}
    </p>
  );
}
