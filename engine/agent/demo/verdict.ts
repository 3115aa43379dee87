/**
 * What a demo found, as one value and in plain words.
 *
 * @module
 */

import type { FileSystemCheck } from "./file_system.ts";

/** Everything that a verdict rests on. */
export interface DemoFacts {
  readonly vm: string;
  /** The recovery point that was failed over to. */
  readonly point: string;
  readonly points: number;
  readonly cycles: number;
  /** Bytes of blocks that travelled, and bytes on the wire for them. */
  readonly bytesSent: number;
  readonly compressedRatio: number | null;
  readonly issued: number;
  readonly acknowledged: number;
  /** Writes in the point: 1 to this one. */
  readonly inPoint: number;
  /** Writes acknowledged before the last cycle that was acknowledged was asked for. */
  readonly promised: number;
  /** From the first acknowledged write that is not in the point to the end of the primary, s. */
  readonly lostSeconds: number;
  /** From the end of the primary to disks that a guest can use, s. */
  readonly failoverSeconds: number;
  readonly bytesCompared: number;
  readonly differences: readonly string[];
  readonly fileSystem: FileSystemCheck;
}

/** A verdict. */
export interface Verdict {
  readonly ok: boolean;
  readonly lostWrites: number;
  readonly text: readonly string[];
}

/** Differences that are shown. */
const DIFFERENCES_SHOWN = 10;

/** Judges the facts. */
export function judge(facts: DemoFacts): Verdict {
  const { differences, fileSystem } = facts;
  const lostWrites = Math.max(0, facts.acknowledged - facts.inPoint);
  const kept = facts.inPoint >= facts.promised;
  const ok = differences.length === 0 && fileSystem.ok && kept;
  return { ok, lostWrites, text: [...lossText(facts, lostWrites), ...proofText(facts, kept, ok)] };
}

function lossText(facts: DemoFacts, lostWrites: number): string[] {
  const { acknowledged, lostSeconds } = facts;
  if (lostWrites === 0) {
    return [`Lost: nothing. All ${acknowledged} acknowledged writes are in the recovery point.`];
  }
  const share = (lostWrites / acknowledged * 100).toFixed(1);
  return [
    `Lost: the last ${lostSeconds.toFixed(2)} s, ${lostWrites} of ${acknowledged} acknowledged ` +
    `writes (${share} %).`,
    "Why: they were acknowledged after the last cycle's cut, and the primary died before the next " +
    "one had reached the replica. A shorter --frequency makes this window smaller.",
  ];
}

function proofText(facts: DemoFacts, kept: boolean, ok: boolean): string[] {
  const { differences, fileSystem, inPoint, promised, bytesCompared } = facts;
  const lines: string[] = [];
  if (differences.length === 0) {
    lines.push(
      `Proof: all ${bytesCompared} bytes of the failed-over disks equal the demo's own record after ` +
        `exactly ${inPoint} writes.`,
    );
  } else {
    lines.push(`WRONG: the failed-over disks differ from the demo's own record:`);
    for (const line of differences.slice(0, DIFFERENCES_SHOWN)) lines.push(`  ${line}`);
    if (differences.length > DIFFERENCES_SHOWN) {
      lines.push(`  and ${differences.length - DIFFERENCES_SHOWN} more`);
    }
  }
  lines.push(
    kept
      ? `Promise: the ${promised} writes before the last acknowledged cycle are all there.`
      : `WRONG: ${promised} writes were acknowledged before the last acknowledged cycle, and the ` +
        `point has ${inPoint}.`,
  );
  lines.push(fileSystemText(fileSystem));
  lines.push(ok ? "Verdict: the failover is right." : "Verdict: the failover is WRONG.");
  return lines;
}

function fileSystemText(check: FileSystemCheck): string {
  if (!check.checked) return `File system: not checked: ${check.reason}.`;
  const codes = `e2fsck -p ended with ${check.repair}, e2fsck -fn with ${check.check}`;
  return check.ok
    ? `File system: whole (${codes}).`
    : `WRONG: the file system is damaged (${codes}).`;
}
