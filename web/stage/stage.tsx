/**
 * The stage: both sites, what is between them, and every machine on both sides, at the moment of the playhead.
 *
 * @module
 */

import { bytesText, durationText } from "../../lab/report/words.ts";
import type { Frame, MachineFrame } from "../../lab/run/recording.ts";
import type { DrillMachine } from "../../lab/scenario/drill_scenario.ts";
import { BACKLOG } from "../charts/series.ts";
import { frame, run } from "../state/drill.ts";
import { differingCells, DiskMap } from "./disk_map.tsx";
import { stateText, unbroken } from "../timeline/words.ts";
import { LinkLanes, type Traffic } from "./link_lane.tsx";
import { MapKey } from "./map_key.tsx";
import { PointsStrip } from "./points_strip.tsx";
import { SitePlate } from "./site_plate.tsx";
import { rpoState } from "./rpo_state.ts";

/** Its guest runs at both sites. */
function isSplit({ runs }: MachineFrame): boolean {
  return runs.length > 1;
}

function MachineSide({ machine, side, shown }: {
  readonly machine: MachineFrame;
  readonly side: 0 | 1;
  readonly shown: Frame;
}) {
  const site = shown.sites[side]!;
  const isHome = machine.home === site.site;
  const runs = machine.runs.includes(site.site);
  const gone = site.power === "destroyed";
  const stands = shown.sites.every(({ power }) => power !== "destroyed");
  const replica = machine.home === shown.sites[0]!.site ? "second" : "first";
  return (
    <div class={`machine-side side-${side} ${runs ? "runs" : ""}`}>
      <p class="machine-head">
        <strong>{machine.vm}</strong>
        <span class="role">{isHome ? "primary" : "replica"}</span>
        {runs && (
          <span class={isSplit(machine) ? "runs-mark split" : "runs-mark"}>
            ▶ runs here
          </span>
        )}
      </p>
      <p class="state">{gone ? "Lost with its site" : stateText(machine.states[side])}</p>
      <div class="maps">
        {machine.disks.map((disk, index) => {
          // Before the first point there is nothing at the other side that could differ.
          const copied = disk[replica].some((cycle) => cycle !== 0);
          const compared = stands && copied;
          const differing = differingCells(disk);
          const label = `Disk ${index} of ${machine.vm} at ${site.site}: ${
            gone
              ? "destroyed"
              : !copied
              ? "not copied to the other site yet"
              : differing === 0
              ? "the same at both sites"
              : `${
                Math.round(differing / disk.first.length * 100)
              } % of its parts differ between the sites`
          }`;
          return <DiskMap key={index} {...{ disk, side, isHome, compared, label }} blank={gone} />;
        })}
      </div>
      {!isHome && !gone && <PointsStrip machine={machine} answers={site.server === "up"} />}
    </div>
  );
}

const HEALTH_SHAPES = { Normal: "●", Warning: "▲", Critical: "■", none: "○" } as const;

/** What would be lost now, or why that cannot be said. */
function rpoText({ rpo, points }: MachineFrame): string {
  if (rpo !== null) return unbroken(durationText(rpo));
  return points.some(({ state }) => state === "in-use") ? "not protected" : "no point yet";
}

function MachineMiddle({ machine, spec, sites }: {
  readonly machine: MachineFrame;
  readonly spec: DrillMachine | undefined;
  readonly sites: readonly string[];
}) {
  const objective = spec?.objective.rpo ?? 0;
  const state = rpoState(machine, objective);
  const forth = machine.home === sites[0];
  return (
    <div class={`machine-middle ${state}`}>
      <p class="direction" aria-hidden="true">{forth ? "→" : "←"}</p>
      <dl>
        <div>
          <dt title="What would be lost if the site were lost now">RPO</dt>
          <dd class={machine.rpo === null ? "rpo unknown" : "rpo"}>{rpoText(machine)}</dd>
        </div>
        <div>
          <dt title={BACKLOG}>Backlog</dt>
          <dd>{machine.backlog === null ? "–" : unbroken(bytesText(machine.backlog))}</dd>
        </div>
        <div>
          <dt>Health</dt>
          <dd>
            <span aria-hidden="true">{HEALTH_SHAPES[machine.health]}</span>{" "}
            {machine.health === "none" ? "not known" : machine.health}
          </dd>
        </div>
      </dl>
      {machine.runs.length === 0 && <p class="badge lost">Runs nowhere</p>}
      {isSplit(machine) && (
        <p
          class="badge lost"
          title="Its guest runs at both sites, and each writes a history of its own"
        >
          Split brain: runs at both sites
        </p>
      )}
    </div>
  );
}

/** Bytes a second each way at a frame: what was carried since the frame before, over the time between. */
function trafficAt(frames: readonly Frame[], shown: Frame): Traffic {
  const before = frames[frames.indexOf(shown) - 1];
  const seconds = before === undefined ? 0 : (shown.at - before.at) / 1_000_000;
  const [forth, back] = shown.link.ways;
  if (seconds <= 0) return { forth: 0, back: 0 };
  return { forth: forth.bytes / seconds, back: back.bytes / seconds };
}

/** Shown until the first display state is there. */
function EmptyStage() {
  return (
    <section class="stage empty" aria-label="Stage">
      <p>
        {run.value === undefined
          ? "Choose a scenario, open a file, or write a script."
          : "Setting the stage…"}
      </p>
    </section>
  );
}

/** The stage. */
export function Stage() {
  const shown = frame.value;
  const current = run.value;
  if (shown === undefined || current === undefined) return <EmptyStage />;
  const { world } = current.source.scenario;
  const sites = shown.sites.map(({ site }) => site);
  const frames = current.outcome.value?.recording.frames ?? current.frames;
  return (
    <section class="stage" aria-label="Stage">
      <div class="stage-grid">
        {shown.sites.map((site, side) => (
          <SitePlate key={side} site={site} side={side as 0 | 1} rows={shown.machines.length + 1} />
        ))}
        <LinkLanes
          link={shown.link}
          sites={shown.sites}
          traffic={trafficAt(frames, shown)}
          name={world.link.name}
        />
        {shown.machines.map((machine, index) => (
          <div
            class="machine"
            style={{ gridRow: index + 2 }}
            key={machine.vm}
            role="group"
            aria-label={`Machine ${machine.vm}`}
          >
            <MachineSide machine={machine} side={0} shown={shown} />
            <MachineMiddle
              machine={machine}
              spec={world.machines.find(({ name }) => name === machine.vm)}
              sites={sites}
            />
            <MachineSide machine={machine} side={1} shown={shown} />
          </div>
        ))}
      </div>
      <MapKey />
    </section>
  );
}
