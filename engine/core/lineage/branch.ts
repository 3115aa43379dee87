/**
 * Where a generation parted from the one before, and what it took in of it: what failback by delta rests
 * on (L2).
 *
 * When a failover to point X is completed, what differs from X is written down as bits of a replication
 * log whose base is X: the blocks of every delta from X to the newest point, and all that the machine
 * wrote since. So whoever holds X, or any of the points behind it that the other side had received,
 * and knows what it changed since, is brought up by those bits and its own, and by nothing else.
 *
 * @module
 */

import { asObject, type Json } from "../base/json.ts";
import { isIdentity, type PointId } from "../base/units.ts";

/** Absorbed points that are remembered, at most: the newest ones, which a primary may have been told of. */
const ABSORBED_MAX = 1024;

/** The branch at `point`, behind which the `later` points came, oldest first. */
export function branchAt(point: PointId, later: readonly PointId[]): Branch {
  return { point, absorbed: later.slice(-ABSORBED_MAX) };
}

/** The branch of a machine's newest generation. */
export interface Branch {
  /** The point at which it began. */
  readonly point: PointId;
  /** The points of the generation before that came behind it: their blocks are in its bits. */
  readonly absorbed: readonly PointId[];
}

/** What the side that was left behind says of one disk: what it changed since when. */
export interface TailSince {
  /** Its base; `null` where nothing tells what changed. */
  readonly since: PointId | null;
  /** Cuts that it issued since, oldest first. */
  readonly issued: readonly PointId[];
}

/**
 * True when the bits of the branch and those of a disk that changed since `since` are all that the two
 * sides differ in. A base *before* the branch point counts only where the other side's own log says that
 * it was at the branch point later: else it may be a copy of an older day that was never there.
 */
export function coversTail({ point, absorbed }: Branch, { since, issued }: TailSince): boolean {
  if (since === null) return false;
  return since === point || absorbed.includes(since) || issued.includes(point);
}

/** A branch as a record holds it. */
export function branchToJson(branch: Branch | undefined): Json {
  return branch === undefined ? null : { point: branch.point, absorbed: branch.absorbed };
}

/** A branch from a record, none where it has none; `null` when it makes no sense. */
export function branchFromJson(json: Json | undefined): Branch | undefined | null {
  if (json === undefined || json === null) return undefined;
  const { point, absorbed } = asObject(json) ?? {};
  if (!isIdentity(point) || !Array.isArray(absorbed) || absorbed.length > ABSORBED_MAX) return null;
  if (!absorbed.every(isIdentity)) return null;
  return { point: point as PointId, absorbed: absorbed as readonly Json[] as PointId[] };
}
