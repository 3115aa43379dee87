/**
 * What the engine tells the world: typed events, the one source of logs, metrics, charts and the
 * lab's timeline. Observing never changes a run (I51).
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";
import type { GenerationId, PointId } from "../base/units.ts";

/** Everything the engine reports. Times are the observer's to add. */
export type EngineEvent =
  | { readonly kind: "state"; readonly machine: string; readonly from: string; readonly to: string }
  | { readonly kind: "failure"; readonly machine: string; readonly failure: Failure }
  | {
    readonly kind: "cut";
    readonly machine: string;
    readonly point: PointId;
    /** How long the gates were closed, µs. */
    readonly closed: number;
    /** Bytes of blocks to be sent for it. */
    readonly bytes: number;
  }
  | { readonly kind: "cut-failed"; readonly machine: string; readonly reason: string }
  /** A point that was to be application-consistent is crash-consistent. */
  | { readonly kind: "freeze-failed"; readonly machine: string; readonly failure: Failure }
  | { readonly kind: "view-given-up"; readonly machine: string; readonly reason: string }
  | {
    readonly kind: "sent";
    readonly machine: string;
    /** Bytes of blocks. */
    readonly bytes: number;
    /** Bytes on the wire for them. */
    readonly wire: number;
  }
  | { readonly kind: "staged"; readonly machine: string; readonly point: PointId }
  | { readonly kind: "applied"; readonly machine: string; readonly point: PointId }
  | { readonly kind: "dropped"; readonly machine: string; readonly point: PointId }
  | { readonly kind: "connected"; readonly peer: string }
  | { readonly kind: "disconnected"; readonly peer: string; readonly reason: string }
  | {
    readonly kind: "failover";
    readonly machine: string;
    readonly step: "started" | "cancelled" | "completed";
    readonly point: PointId;
    readonly generation: GenerationId;
  }
  | {
    /** Something rare was exercised: a "sometimes" probe (coverage of the simulation). */
    readonly kind: "probe";
    readonly name: string;
  };

/** Takes events; must not call back into the engine. */
export interface Observer {
  /** Reports one event. */
  emit(event: EngineEvent): void;
}
