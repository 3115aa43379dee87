/**
 * Quantities as people write them, and as exact texts: `2h5m`, `500GiB`, `100Mbit`, `30%`, in base units.
 *
 * Rule: no floating point: a text that is no whole number of base units is none, and what is written reads back to
 * the same.
 *
 * @module
 */

/** What a quantity measures: µs, bytes, bytes a second, millionths. */
export type Measure = "time" | "size" | "rate" | "share";

/** A unit: so many base units, or so many of them for `per` units, where one is less than a base unit. */
interface Unit {
  readonly name: string;
  readonly of: bigint;
  readonly per?: bigint;
}

const TIMES: readonly Unit[] = [
  { name: "w", of: 604_800_000_000n },
  { name: "d", of: 86_400_000_000n },
  { name: "h", of: 3_600_000_000n },
  { name: "m", of: 60_000_000n },
  { name: "s", of: 1_000_000n },
  { name: "ms", of: 1000n },
  { name: "us", of: 1n },
];

const SIZES: readonly Unit[] = [
  { name: "TiB", of: 1n << 40n },
  { name: "GiB", of: 1n << 30n },
  { name: "MiB", of: 1n << 20n },
  { name: "KiB", of: 1n << 10n },
  { name: "TB", of: 1_000_000_000_000n },
  { name: "GB", of: 1_000_000_000n },
  { name: "MB", of: 1_000_000n },
  { name: "kB", of: 1000n },
  { name: "B", of: 1n },
];

const BITS: readonly Unit[] = [
  { name: "Gbit", of: 1_000_000_000n, per: 8n },
  { name: "Mbit", of: 1_000_000n, per: 8n },
  { name: "kbit", of: 1000n, per: 8n },
  { name: "bit", of: 1n, per: 8n },
];

const RATES: readonly Unit[] = [
  ...SIZES.map(({ name, of }) => ({ name: `${name}/s`, of })),
  ...BITS,
  ...BITS.map((unit) => ({ ...unit, name: `${unit.name}/s` })),
];

const UNITS: Readonly<Record<Measure, readonly Unit[]>> = {
  time: TIMES,
  size: SIZES,
  rate: RATES,
  share: [{ name: "%", of: 10_000n }],
};

const NUMBER = String.raw`\d{1,16}(?:\.\d{1,9})?`;
const namesOf = (units: readonly Unit[]) => units.map(({ name }) => name).join("|");

/** What a text must look like to be a quantity; there are such texts that are none, as `0.5us`. */
export const QUANTITY_PATTERNS: Readonly<Record<Measure, RegExp>> = {
  time: new RegExp(
    `^-?(?:${NUMBER} ?(?:${namesOf(TIMES)}))(?: ?${NUMBER} ?(?:${namesOf(TIMES)}))*$`,
  ),
  size: new RegExp(`^${NUMBER} ?(?:${namesOf(SIZES)})$`),
  rate: new RegExp(`^${NUMBER} ?(?:${namesOf(RATES)})$`),
  share: new RegExp(`^${NUMBER} ?%$`),
};

/** How each is written, for whoever wrote something else. */
export const QUANTITY_EXAMPLES: Readonly<Record<Measure, string>> = {
  time: "a time such as 2h5m or 250ms",
  size: "a size such as 500GiB or 4KiB",
  rate: "a rate such as 100Mbit or 40MB/s",
  share: "a share such as 30%",
};

/** The quantity that `text` spells, in base units; `undefined` for what is none, no whole number of them, or not exact as a number. */
export function parseQuantity(measure: Measure, text: string): number | undefined {
  const value = Number(exactQuantity(measure, text) ?? NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The same, however large it is. */
export function exactQuantity(measure: Measure, text: string): bigint | undefined {
  if (text.length > 100 || !QUANTITY_PATTERNS[measure].test(text)) return undefined;
  const units = UNITS[measure];
  let sum = 0n;
  for (const [, digits = "", name] of text.matchAll(/(\d+(?:\.\d+)?) ?([a-zA-Z%/]+)/g)) {
    const unit = units.find((each) => each.name === name);
    const amount = unit === undefined ? undefined : exactly(digits, unit);
    if (amount === undefined) return undefined;
    sum += amount;
  }
  return text.startsWith("-") ? -sum : sum;
}

/** `digits` of a unit in base units, if they are a whole number. */
function exactly(digits: string, { of, per = 1n }: Unit): bigint | undefined {
  const [whole = "0", fraction = ""] = digits.split(".");
  const over = 10n ** BigInt(fraction.length) * per;
  const amount = BigInt(whole + fraction) * of;
  return amount % over === 0n ? amount / over : undefined;
}

/** The text of a quantity that reads back to the same. */
export function quantityText(measure: Measure, value: number): string {
  if (measure === "share") return `${shareDigits(value)}%`;
  if (measure === "time") return timeText(value);
  const units = measure === "size" ? SIZES : RATES.slice(0, SIZES.length);
  const amount = BigInt(value);
  const unit = units.find(({ of }) => amount !== 0n && amount % of === 0n);
  return unit === undefined
    ? `0${measure === "size" ? "B" : "B/s"}`
    : `${amount / unit.of}${unit.name}`;
}

function shareDigits(millionths: number): string {
  const whole = Math.floor(millionths / 10_000);
  const rest = String(millionths % 10_000).padStart(4, "0").replace(/0+$/, "");
  return rest === "" ? String(whole) : `${whole}.${rest}`;
}

function timeText(micros: number): string {
  let left = BigInt(Math.abs(micros));
  let text = "";
  for (const { name, of } of TIMES.slice(1)) {
    if (left < of) continue;
    text += `${left / of}${name}`;
    left %= of;
  }
  return text === "" ? "0s" : `${micros < 0 ? "-" : ""}${text}`;
}
