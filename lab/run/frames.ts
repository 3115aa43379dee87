/**
 * Display states of a run: what a page shows of one moment.
 *
 * Rule: looking changes nothing, neither what happens nor the trace of it.
 *
 * @module
 */

import type { Drill } from "../../engine/sim/scenario/drill.ts";
import { type MachineRun, replicaOf } from "../../engine/sim/scenario/machine_run.ts";
import type { HostName } from "../../engine/sim/scenario/scenario.ts";
import type { DrillScenario } from "../scenario/drill_scenario.ts";
import { type Recorder, sideOf } from "./recorder.ts";
import type {
  Frame,
  LinkFrame,
  MachineFrame,
  PointFrame,
  SiteFrame,
  WayFrame,
} from "./recording.ts";
import { bytesFor } from "./simulated_world.ts";

/** Points of one machine that are shown. */
const POINTS_SHOWN = 32;
const HOSTS = ["a", "b"] as const;

/** Draws up frames of one run. */
export class FrameMaker {
  readonly #scenario: DrillScenario;
  readonly #drill: Drill;
  readonly #recorder: Recorder;
  /** What each way had carried at the frame before. */
  readonly #carried: [number, number] = [0, 0];

  constructor(scenario: DrillScenario, drill: Drill, recorder: Recorder) {
    this.#scenario = scenario;
    this.#drill = drill;
    this.#recorder = recorder;
  }

  /** The state of this moment, or of one up to which nothing more happens. */
  make(at = this.#drill.now): Frame {
    return {
      at,
      sites: HOSTS.map((host) => this.#site(host)),
      link: this.#link(),
      machines: this.#drill.machines.map((machine) => this.#machine(machine, at)),
    };
  }

  #site(host: HostName): SiteFrame {
    const { host: there, current } = this.#drill.sites[host];
    const site = this.#recorder.site(host);
    const server = there.paused ? "paused" : current === undefined ? "down" : "up";
    const troubles = [...this.#recorder.faults].filter(({ on }) => on === site)
      .map(({ fault }) => fault);
    return { site, power: there.power, server, troubles };
  }

  #link(): LinkFrame {
    return { ways: [this.#way(0), this.#way(1)] };
  }

  #way(index: 0 | 1): WayFrame {
    const { net, now } = this.#drill.simulated;
    // Making a link is an act: it takes the next number of the trace.
    const link = index === 0 ? net.used("a", "b") : net.used("b", "a");
    const { world } = this.#scenario;
    const factor = bytesFor(world);
    if (link === undefined) return { open: true, loss: 0, bytes: 0, rate: world.link.rate };
    const { faults, speed } = link;
    const carried = (factor === 1 ? link.bytes : link.weight) * factor;
    const bytes = carried - this.#carried[index];
    this.#carried[index] = carried;
    return {
      open: !faults.partitioned && faults.stalledUntil <= now,
      loss: faults.lossRate,
      bytes,
      // What was rounded for the model is told as it is meant.
      rate: speed.bandwidth === net.usual.bandwidth ? world.link.rate : speed.bandwidth * factor,
    };
  }

  #machine(machine: MachineRun, at: number): MachineFrame {
    const vm = machine.spec.name;
    const { maps, said, running } = this.#recorder.machines.get(vm)!;
    const home = this.#recorder.site(machine.home);
    const { disks, changedBlocks } = maps.frames();
    const rpo = this.#rpo(machine, at);
    const points = this.#points(machine);
    const primary = said[sideOf(machine.home)];
    const { world } = this.#scenario;
    const runs = new Set(running.values());
    return {
      vm,
      home,
      runs: world.sites.map(({ name }) => name).filter((name) => runs.has(name)),
      states: [this.#state("a", said[0]?.state), this.#state("b", said[1]?.state)],
      health: this.#drill.homeOf(machine).current === undefined
        ? said[1 - sideOf(machine.home)]?.health ?? "none"
        : primary?.health ?? "none",
      rpo,
      backlog: rpo === null ? null : changedBlocks * world.block * bytesFor(world),
      points: points.slice(-POINTS_SHOWN),
      pointCount: points.length,
      disks,
    };
  }

  /** Who runs on a failover, or has no point at the other side, is protected by nothing. */
  #rpo(machine: MachineRun, at: number): number | null {
    const { writes, maps, points, standing } = this.#recorder.machines.get(machine.spec.name)!;
    const away = points[1 - sideOf(machine.home)]!;
    if (away.size === 0 || machine.failover !== undefined) return null;
    const since = writes.firstBehind(maps.held, this.#recorder.site(machine.home));
    // Work that could be lost grows while somebody writes.
    return since === undefined ? 0 : standing.workBetween(since, at);
  }

  #state(host: HostName, said: string | undefined): string {
    return this.#drill.sites[host].current === undefined ? "down" : said ?? "none";
  }

  #points(machine: MachineRun): PointFrame[] {
    const server = this.#drill.awayOf(machine).current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, machine.spec.name);
    const used = replica?.record.failover?.point;
    return (replica?.store.points ?? []).map(({ id, kind, applied, broken }) => ({
      id,
      cut: machine.cuts.get(id)?.time ?? 0,
      kind: kind as PointFrame["kind"],
      state: broken !== undefined
        ? "broken"
        : id === used
        ? "in-use"
        : applied
        ? "applied"
        : "staged",
    }));
  }
}
