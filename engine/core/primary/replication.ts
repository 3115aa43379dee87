/**
 * What initial replication and cycles of one machine work with, from connection to connection.
 *
 * @module
 */

import type { PointId, Token } from "../base/units.ts";
import type { Ancestry } from "../lineage/generation.ts";
import type { Ports } from "../ports/ports.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import type { Statistics } from "../relationship/statistics.ts";
import type { PrimaryMachine } from "./machine.ts";
import type { OpenDelta } from "./open_delta.ts";
import type { Quiescing } from "./quiescing.ts";
import type { ResyncProgress } from "./resynchronization.ts";
import type { StagedClock } from "./staged_clock.ts";

/** What cycle and seed work with. */
export interface Replication {
  readonly ports: Ports;
  readonly machine: PrimaryMachine;
  /** May change at any time; a cycle goes by those that it began with, bandwidth apart. */
  settings: RelationshipSettings;
  readonly statistics: Statistics;
  /** When the guest is at rest for a cut. */
  readonly quiescing: Quiescing;
  /** When points were cut and staged. */
  readonly staged: StagedClock;
  /** The delta under way; survives connections. */
  delta: OpenDelta | undefined;
  /** How far the first copies of disks have come, by index: bytes from the beginning of each. */
  readonly swept: Map<number, number>;
  /** Cuts made by this process for this machine. */
  cuts: number;
  /** A point that was issued for a cut that failed, or for one that is to come: nothing was sealed as it. */
  unusedPoint: PointId | undefined;
  /** The right to start the machine that the replica is known to hold: no planned point is cut before (L4). */
  offered: Token | undefined;
  /** The history that the replica told last; `undefined` before it told one. */
  theirs: Ancestry | undefined;
  /** The newest point known to be staged. */
  base: PointId | undefined;
  /** How far the resynchronization under way has come. */
  resync: ResyncProgress;
}
