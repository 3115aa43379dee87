/**
 * One machine's numbers, put together from its outages, its recoveries and what it was exposed to.
 *
 * @module
 */

import type { Recording, WriteLog } from "../run/recording.ts";
import type { DrillMachine } from "../scenario/drill_scenario.ts";
import type { FaultWindow, MachineReport, Outage, Recovery } from "./drill_report.ts";
import { exposureOf } from "./exposure.ts";
import { outagesOf, runsAtEnd } from "./outages.ts";
import { recoveriesOf } from "./recoveries.ts";
import { Standstills } from "./standstills.ts";
import { trafficOf, unwellTimes } from "./traffic.ts";
import { WriteHistory } from "./write_history.ts";

/** A machine with what happened to it; `incident` of a recovery counts the machine's own outages. */
export interface MachinePart {
  readonly machine: MachineReport;
  readonly outages: readonly Outage[];
  readonly recoveries: readonly Recovery[];
}

/** A log without writes, for a machine whose guest never wrote. */
function emptyLog(vm: string, site: string): WriteLog {
  return {
    vm,
    times: new Float64Array(0),
    bytes: new Float64Array(0),
    branch: new Uint8Array(0),
    branches: [{ at: 0, site, from: "" }],
  };
}

/** Whether what a recovery gave up stays given up. */
export function counts({ kind, state, loss }: Recovery): boolean {
  return kind !== "none" && state !== "cancelled" && loss?.fate !== "undone";
}

/** What the last recovery achieved. One that was taken back, and one that needed no point, lost nothing. */
function achieved(recoveries: readonly Recovery[], outages: readonly Outage[], runsAt: string) {
  const last = recoveries.findLast(counts);
  const neverBack = runsAt === "";
  const ended = outages.filter((outage) => outage.ended !== null);
  // A guest that was shut down for a moment, as a reversal does, was not recovered; nor one that was left lying.
  const isBack = ({ kind }: Outage) => kind === "incident" || kind === "planned";
  const over = ended.findLast(isBack) ?? ended.at(-1);
  const lost = last?.loss ?? { writes: 0, bytes: 0 };
  return {
    rpo: last?.rpo ?? (recoveries.length > 0 && last === undefined && !neverBack ? 0 : null),
    rto: neverBack ? null : over?.lasted.total ?? null,
    neverBack,
    lostWrites: lost.writes,
    lostBytes: lost.bytes,
  };
}

/** What there is to say of one machine. */
export function machinePart(
  recording: Recording,
  spec: DrillMachine,
  faults: readonly FaultWindow[],
): MachinePart {
  const vm = spec.name;
  const home = recording.scenario.world.sites[0].name;
  const log = recording.writes.find((one) => one.vm === vm && one.branches.length > 0) ??
    emptyLog(vm, home);
  const history = new WriteHistory(log, recording.notes);
  const outages = outagesOf(vm, recording, faults);
  const { recoveries, mainline } = recoveriesOf(recording, history, outages);
  const exposure = exposureOf(
    recording,
    history,
    mainline,
    new Standstills(outages),
    spec.objective.rpo,
  );
  const runsAt = runsAtEnd(vm, recording.notes);
  const machine: MachineReport = {
    vm,
    rpoObjective: spec.objective.rpo,
    rtoObjective: spec.objective.rto,
    writes: Math.round(log.times.length * (log.each ?? 1)),
    bytesWritten: log.bytes.reduce((sum, bytes) => sum + bytes, 0),
    runsAt,
    ...achieved(recoveries, outages, runsAt),
    worstRpo: exposure.worst,
    worstRpoAt: exposure.worstAt,
    aboveObjective: exposure.above,
    unprotected: exposure.unprotected,
    beforeFirst: exposure.beforeFirst,
    bare: exposure.bare,
    worstBacklog: exposure.worstBacklog,
    finalRpo: exposure.final,
    rpoSeries: exposure.series,
    backlogSeries: exposure.backlog,
    ...trafficOf(vm, recording.notes),
    ...unwellTimes(vm, recording),
  };
  return { machine, outages, recoveries };
}
