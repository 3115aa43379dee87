/**
 * What replication did: points, cycles, bytes, the use of the link, the way back, and how long it was unwell.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { Distribution, DrillReport, Failback } from "./drill_report.ts";
import { SECOND } from "./words.ts";

/** Parts of the run for which the use of the link is told. */
const LINK_PARTS = 200;

/** What replication of one machine did. */
export interface Traffic {
  readonly pointsMade: number;
  readonly pointsDropped: number;
  readonly cutsFailed: number;
  readonly cycle: Distribution;
  readonly pointBytes: Distribution;
  readonly sentBytes: number;
  readonly wireBytes: number;
}

/** Least, median, mean and most of some numbers. */
export function distributionOf(values: readonly number[]): Distribution {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1
    ? sorted[middle]!
    : sorted.length === 0
    ? null
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return {
    count: sorted.length,
    least: sorted[0] ?? null,
    median,
    mean: sorted.length === 0 ? null : sorted.reduce((sum, one) => sum + one, 0) / sorted.length,
    most: sorted.at(-1) ?? null,
  };
}

/** What replication of a machine did. */
export function trafficOf(vm: string, notes: readonly Note[]): Traffic {
  const cutAt = new Map<string, number>();
  const staged = new Set<string>();
  const cycles: number[] = [];
  const sizes: number[] = [];
  let [dropped, failed, sentBytes, wireBytes] = [0, 0, 0, 0];
  for (const note of notes) {
    if (!("vm" in note) || note.vm !== vm) continue;
    if (note.kind === "cut" && !cutAt.has(note.point)) {
      cutAt.set(note.point, note.at);
      sizes.push(note.bytes);
    }
    if (note.kind === "staged" && !staged.has(note.point)) {
      staged.add(note.point);
      const cut = cutAt.get(note.point);
      if (cut !== undefined) cycles.push(note.at - cut);
    }
    if (note.kind === "dropped") dropped++;
    if (note.kind === "cut-failed") failed++;
    if (note.kind !== "sent") continue;
    sentBytes += note.bytes;
    wireBytes += note.wire;
  }
  return {
    pointsMade: staged.size,
    pointsDropped: dropped,
    cutsFailed: failed,
    cycle: distributionOf(cycles),
    pointBytes: distributionOf(sizes),
    sentBytes,
    wireBytes,
  };
}

/**
 * Bytes on the wire a second, for equal parts of the run. What was handed to the link at once travels at the link's rate, one
 * behind the other.
 */
export function linkSeries({ notes, ended, scenario }: Recording): [number, number][] {
  if (ended <= 0) return [];
  const { rate } = scenario.world.link;
  const part = ended / LINK_PARTS;
  const bytes = new Float64Array(LINK_PARTS);
  let free = 0;
  for (const note of notes) {
    if (note.kind !== "sent") continue;
    const begun = Math.max(free, note.at);
    free = rate === 0 ? begun : begun + (note.wire * SECOND) / rate;
    spread(bytes, note.wire, begun / part, free / part);
  }
  return Array.from(bytes, (sum, index) => [index * part, sum / (part / SECOND)]);
}

/** Puts an amount into the parts from one place to another, evenly; what lies behind the last part is not seen any more. */
function spread(parts: Float64Array, amount: number, from: number, to: number): void {
  const first = Math.min(parts.length - 1, Math.floor(from));
  if (Math.floor(to) <= first) {
    parts[first]! += amount;
    return;
  }
  for (let part = first; part < Math.min(parts.length, to); part++) {
    parts[part]! += amount * (Math.min(part + 1, to) - Math.max(part, from)) / (to - from);
  }
}

/** Every way back: what it cost until the first point was at the other side again. */
export function failbacksOf({ notes, scenario }: Recording): Failback[] {
  return notes.flatMap((moved, index) => {
    if (moved.kind !== "moved" || moved.how === "resolved") return [];
    const machine = scenario.world.machines.find(({ name }) => name === moved.vm);
    const to = scenario.world.sites.find(({ name }) => name !== moved.site)?.name ?? "";
    const behind = notes.slice(index + 1).filter((note) => "vm" in note && note.vm === moved.vm);
    const end = behind.findIndex((note) =>
      // That both sides come to agree on where it is written already moves nothing.
      (note.kind === "moved" && (note.how !== "resolved" || note.site !== moved.site)) ||
      (note.kind === "staged" && note.site !== moved.site)
    );
    // Whoever is moved again before anything was sent had no way back from here.
    if (end >= 0 && behind[end]!.kind === "moved") return [];
    const staged = end >= 0 && behind[end]!.kind === "staged" ? behind[end]! : undefined;
    const sent = (end < 0 ? behind : behind.slice(0, end)).filter((note) => note.kind === "sent");
    return [{
      vm: moved.vm,
      to,
      reversed: moved.at,
      protectedAt: staged?.at ?? null,
      sentBytes: sent.reduce((sum, { bytes }) => sum + bytes, 0),
      wireBytes: sent.reduce((sum, { wire }) => sum + wire, 0),
      fullCopy: machine?.disks.reduce((sum, size) => sum + size, 0) ?? 0,
    }];
  });
}

/** How long some site called the health of a machine Critical, or else Warning. */
export function unwellTimes(
  vm: string,
  { notes, ended }: Recording,
): { readonly critical: number; readonly warning: number } {
  const health = new Map<string, string>();
  let [critical, warning, since] = [0, 0, 0];
  const count = (until: number) => {
    const worst = [...health.values()];
    if (worst.includes("Critical")) critical += until - since;
    else if (worst.includes("Warning")) warning += until - since;
    since = until;
  };
  for (const note of notes) {
    if (note.kind !== "health" || note.vm !== vm) continue;
    count(note.at);
    health.set(note.site, note.health);
  }
  count(Math.max(ended, since));
  return { critical, warning };
}

/** Comparisons of what a machine was started on. */
const STARTED: ReadonlySet<string> = new Set(["failover", "completed", "moved"]);

/** How often bytes were held against what guests had written, and how often they differed. */
export function integrityOf(notes: readonly Note[]): DrillReport["integrity"] {
  const kinds = new Map<string, { compared: number; unequal: number }>();
  let [compared, unequal, bytes] = [0, 0, 0];
  let spoiled = false;
  let explained = true;
  const wrongAt: number[] = [];
  for (const note of notes) {
    if (note.kind === "fault" && note.spoils === true) spoiled = true;
    if (note.kind !== "compared") continue;
    if (!note.equal) wrongAt.push(note.at);
    if (!note.equal && (!spoiled || STARTED.has(note.why))) explained = false;
    const kind = kinds.get(note.why) ?? { compared: 0, unequal: 0 };
    const wrong = note.equal ? 0 : 1;
    kinds.set(note.why, { compared: kind.compared + 1, unequal: kind.unequal + wrong });
    compared++;
    unequal += wrong;
    bytes += note.bytes;
  }
  const all = [...kinds].map(([why, of]) => ({ why, ...of }));
  const [firstUnequal, lastUnequal] = [wrongAt[0] ?? null, wrongAt.at(-1) ?? null];
  return {
    ...{ compared, unequal, firstUnequal, lastUnequal },
    explained: unequal > 0 && explained,
    bytes,
    kinds: all,
  };
}
