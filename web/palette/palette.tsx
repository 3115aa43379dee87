/**
 * The palette: everything that can go wrong, and everything that an administrator can do about it, by one click.
 *
 * @module
 */

import { useComputed, useSignal } from "@preact/signals";
import type { FaultDefinition, TargetKind } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { instantText } from "../../lab/report/words.ts";
import { quantityText } from "../../lab/scenario/quantities.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { scenario } from "../state/drill.ts";
import { playhead } from "../state/playback.ts";
import { act, firstMachine, homeSite } from "./acts.ts";
import { VERB_GROUPS } from "./verbs.ts";

/** Families in the order in which people look for them; what is not here comes behind. */
const FAMILIES: Readonly<Record<string, string>> = {
  site: "Site",
  host: "Server",
  link: "Link",
  disk: "Disk",
  guest: "Guest",
  replica: "Replica",
  clock: "Clock",
  security: "Security",
};

const familyOf = ({ id }: FaultDefinition) => id.slice(0, id.indexOf("."));

function families(): Map<string, FaultDefinition[]> {
  const byFamily = new Map<string, FaultDefinition[]>(
    Object.keys(FAMILIES).map((family) => [family, []]),
  );
  for (const fault of FAULTS.values()) {
    const family = familyOf(fault);
    byFamily.set(family, [...byFamily.get(family) ?? [], fault]);
  }
  return byFamily;
}

/** What a fault can hit in this scenario, as the script names it. */
function targetsOf(kinds: readonly TargetKind[], { world }: DrillScenario): string[] {
  return kinds.flatMap((kind) => {
    switch (kind) {
      case "site":
        return world.sites.map(({ name }) => name);
      case "link":
        return [world.link.name];
      case "machine":
        return world.machines.map(({ name }) => name);
      case "disk":
        return world.machines.flatMap(({ name, disks }) =>
          disks.map((_, disk) => `${name}/${disk}`)
        );
    }
  });
}

/** How long a fault lasts that nobody chose a time for: long enough to be seen in this drill. */
function usualTime({ end }: DrillScenario): string {
  const minute = 60_000_000;
  return quantityText("time", Math.max(minute, Math.round(end / 10 / minute) * minute));
}

function FaultButton({ fault, vm, home }: {
  readonly fault: FaultDefinition;
  readonly vm: string;
  /** The site where the machine is the primary's at the moment. */
  readonly home: string;
}) {
  const opened = useSignal(false);
  const chosen = useSignal<string | undefined>(undefined);
  const lasts = useSignal<string | undefined>(undefined);
  const read = scenario.value;
  if (read === undefined) return null;
  const targets = targetsOf(fault.targets, read);
  const usual = targets.find((target) => target === home || target === vm) ?? targets[0] ?? "";
  const on = chosen.value !== undefined && targets.includes(chosen.value) ? chosen.value : usual;
  const add = () =>
    void act({
      fault: fault.id,
      on,
      ...(fault.lasting ? { for: lasts.value ?? usualTime(read) } : {}),
    });
  return (
    <li class="fault">
      <button type="button" title={fault.about} onClick={add}>{fault.title}</button>
      <button
        type="button"
        class="more"
        aria-expanded={opened.value}
        aria-label={`Choices for ${fault.title}`}
        onClick={() => {
          opened.value = !opened.value;
        }}
      >
        …
      </button>
      {opened.value && (
        <div class="choices">
          <p>{fault.about}</p>
          <label>
            On
            <select
              value={on}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
              }}
            >
              {targets.map((target) => <option key={target} value={target}>{target}</option>)}
            </select>
          </label>
          {fault.lasting && (
            <label>
              For
              <input
                type="text"
                size={8}
                value={lasts.value ?? usualTime(read)}
                onInput={(event) => {
                  lasts.value = event.currentTarget.value;
                }}
              />
            </label>
          )}
          <p class="quiet">{fault.heals}</p>
        </div>
      )}
    </li>
  );
}

/** The machine that was chosen, or the first one where there is no such machine in the script any more. */
function chosenMachine(chosen: string | undefined): string {
  const known = scenario.value?.world.machines.some(({ name }) => name === chosen) ?? false;
  return known && chosen !== undefined ? chosen : firstMachine(scenario.value);
}

/** When a click would act. */
function Moment() {
  return (
    <h2>
      Act at <time>{instantText(playhead.value)}</time>
    </h2>
  );
}

/** The palette. */
export function Palette() {
  const chosen = useSignal<string | undefined>(undefined);
  const read = scenario.value;
  const machines = read?.world.machines.map(({ name }) => name) ?? [];
  const vm = chosenMachine(chosen.value);
  const home = useComputed(() => homeSite(scenario.value, chosenMachine(chosen.value)));
  return (
    <section class="palette" aria-label="Faults and actions">
      <header class="panel-head">
        <Moment />
        {machines.length > 1 && (
          <label>
            Machine
            <select
              value={vm}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
              }}
            >
              {machines.map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          </label>
        )}
      </header>
      <div class="palette-body">
        {VERB_GROUPS.map(([title, verbs]) => (
          <fieldset key={title} class="verbs">
            <legend>{title}</legend>
            {verbs.map(({ label, about, act: what }) => (
              <button
                key={label}
                type="button"
                title={about}
                disabled={vm === ""}
                onClick={() => void act({ ...what, vm })}
              >
                {label}
              </button>
            ))}
          </fieldset>
        ))}
        {[...families()].map(([family, faults]) =>
          faults.length > 0 && (
            <fieldset key={family} class="faults">
              <legend>{FAMILIES[family] ?? family}</legend>
              <ul>
                {faults.map((fault) => (
                  <FaultButton key={fault.id} fault={fault} vm={vm} home={home.value} />
                ))}
              </ul>
            </fieldset>
          )
        )}
      </div>
    </section>
  );
}
