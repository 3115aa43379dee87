/**
 * Quantities as people write and read them: durations, bandwidths, sizes, counts.
 *
 * Durations are µs and bandwidths bytes per second inside, as in the engine; sizes are bytes.
 *
 * @module
 */

import { DAY, HOUR, MILLISECOND, MINUTE, SECOND } from "../../core/base/units.ts";
import { usageProblem } from "../problem.ts";

const TIME_UNITS: readonly (readonly [unit: string, micros: number])[] = [
  ["ms", MILLISECOND],
  ["s", SECOND],
  ["m", MINUTE],
  ["h", HOUR],
  ["d", DAY],
];

/** Bits or bytes per second, in bytes per second, by the unit in lower case. */
const RATE_UNITS: Readonly<Record<string, number>> = {
  bit: 1 / 8,
  kbit: 1e3 / 8,
  mbit: 1e6 / 8,
  gbit: 1e9 / 8,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** `5m`, `30s`, `1h30m`, `250ms` as µs. */
export function parseDuration(text: string, option: string): number {
  let micros = 0;
  let rest = text.trim();
  while (rest !== "") {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/.exec(rest);
    const unit = TIME_UNITS.find(([name]) => name === match?.[2]);
    if (match === null || unit === undefined) break;
    micros += Number(match[1]) * unit[1];
    rest = rest.slice(match[0].length);
  }
  if (rest === "" && text.trim() !== "") return Math.round(micros);
  throw usageProblem(
    `${option} is not a duration: "${text}"`,
    "Write a number and a unit, e.g. 30s, 5m, 1h",
  );
}

/** `100Mbit`, `10MiB` per second as bytes per second; `0` for no limit. */
export function parseBandwidth(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*?)(?:\/s|ps)?$/.exec(text.trim());
  const unit = match?.[2]?.toLowerCase() ?? "";
  const factor = Object.hasOwn(RATE_UNITS, unit) ? RATE_UNITS[unit] : undefined;
  if (match !== null && Number(match[1]) === 0) return 0;
  if (match !== null && factor !== undefined) {
    return Math.max(1, Math.floor(Number(match[1]) * factor));
  }
  throw usageProblem(
    `${option} is not a bandwidth: "${text}"`,
    "Write a number and a unit, e.g. 100Mbit, 1Gbit, 20MiB, or 0 for no limit",
  );
}

/** A whole number that is not negative. */
export function parseCount(text: string, option: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usageProblem(`${option} is not a whole number: "${text}"`, "Write digits, e.g. 24");
}

/** `on` or `off`. */
export function parseSwitch(text: string, option: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw usageProblem(`${option} is neither on nor off: "${text}"`, "Write on or off");
}

/** µs as milliseconds: `1.2 ms`. */
export function formatMillis(micros: unknown): string {
  return typeof micros === "number" ? `${(micros / MILLISECOND).toFixed(1)} ms` : "-";
}

/** Bytes per second as bits per second: `100 Mbit/s`. */
export function formatRate(bytesPerSecond: number): string {
  const units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"];
  let value = bytesPerSecond * 8;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))} ${units[unit]}`;
}

const SIZE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `40GiB`, `512M`, `1TB`, a number of bytes: units of 1024, or of 1000 where they say so (kB, MB, GB, TB). */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?b)?|b)?$/i.exec(text.trim());
  const power = match?.[2] === undefined ? 0 : "kmgt".indexOf(match[2].toLowerCase()) + 1;
  const bytes = Number(match?.[1] ?? NaN) *
    (match?.[3]?.toLowerCase() === "b" ? 1000 : 1024) ** power;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw usageProblem(
    `${option} is not a size: "${text}"`,
    "Write a number and a unit, e.g. 40GiB, or a number of bytes",
  );
}

/** Bytes with three digits or so: `1.5 GiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZE_UNITS[unit]}`;
}

/** µs in the two largest units that are not zero: `1h 5m`, `2.5 s`. */
export function formatDuration(micros: number): string {
  if (micros < MINUTE) {
    const seconds = micros / SECOND;
    return seconds < 10 && micros % SECOND !== 0
      ? `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
      : `${Math.round(seconds)} s`;
  }
  const parts: string[] = [];
  let rest = micros;
  for (const [unit, size] of [...TIME_UNITS].reverse()) {
    if (size < SECOND || parts.length === 2) break;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.join(" ");
}
