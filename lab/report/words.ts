/**
 * Numbers as people read them: durations, sizes, counts, instants; the same in every locale.
 *
 * @module
 */

/** µs of a second, and of what is longer. */
export const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A number with a comma between thousands. */
export function countText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 write`, `1,031 writes`. */
export function many(value: number, noun: string, plural = `${noun}s`): string {
  return `${countText(value)} ${value === 1 ? noun : plural}`;
}

/** A number with as many digits behind the point as three digits in all allow, and no zeros at its end. */
function short(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\.0+$|(\.\d*?)0+$/, "$1");
}

/** A duration in its two largest units, rounded to the nearest of them: `4 min 12 s`, `350 ms`, `3 d 4 h`. */
export function durationText(micros: number): string {
  if (micros < 0) return `-${durationText(-micros)}`;
  if (micros === 0) return "0 s";
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < SECOND) return `${short(micros / 1000)} ms`;
  if (micros < 10 * SECOND) return `${short(micros / SECOND)} s`;
  // From where on the seconds, and the minutes, are not told any more: nor are they cut off.
  const finest = micros < HOUR - SECOND / 2 ? SECOND : micros < DAY - MINUTE / 2 ? MINUTE : HOUR;
  const rounded = Math.round(micros / finest) * finest;
  const parts = [
    [Math.floor(rounded / DAY), "d"],
    [Math.floor(rounded / HOUR) % 24, "h"],
    [Math.floor(rounded / MINUTE) % 60, "min"],
    [Math.floor(rounded / SECOND) % 60, "s"],
  ] as const;
  return parts.filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`).join(" ");
}

/** A size: `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? countText(value) : short(value)} ${units[unit]}`;
}

/** An instant of the world, as what a clock beside the drill shows: `00:04:12`, `2 d 03:00:00`. */
export function instantText(micros: number): string {
  const seconds = Math.floor(micros / SECOND);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const days = Math.floor(micros / DAY);
  return `${days > 0 ? `${days} d ` : ""}${clock.map(two).join(":")}`;
}

/** A share: `12.5 %`. */
export function shareText(share: number): string {
  return `${short(share * 100)} %`;
}

/** Words with commas and an `and`. */
export function listText(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** The sentence with a capital at its beginning. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The paragraphs of a text: what stands between blank lines, however its own lines were broken. */
export function paragraphsOf(text: string): string[] {
  return text.split(/\n\s*\n/).map((part) => part.trim()).filter((part) => part !== "");
}
