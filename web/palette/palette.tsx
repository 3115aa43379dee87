/**
 * The palette: everything that can go wrong, and everything that an administrator can do about it, by one click.
 *
 * @module
 */

import { useComputed, useSignal } from "@preact/signals";
import type { FaultDefinition } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { instantText } from "../../lab/report/words.ts";
import { frame, scenario } from "../state/drill.ts";
import { playhead } from "../state/playback.ts";
import { ActButton } from "./act_button.tsx";
import { firstMachine, homeSite } from "./acts.ts";
import { faultFields, takesArguments, verbFields } from "./fields.ts";
import { targetsOf } from "./targets.ts";
import { VERB_GROUPS, type VerbChoice } from "./verbs.ts";

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

function FaultButton({ fault, vm, home }: {
  readonly fault: FaultDefinition;
  readonly vm: string;
  /** The site where the machine is the primary's at the moment. */
  readonly home: string;
}) {
  const read = scenario.value;
  if (read === undefined) return null;
  const targets = targetsOf(fault.targets, read);
  const usual = targets.find((target) => target === home || target === vm) ?? targets[0] ?? "";
  return (
    <ActButton
      label={fault.title}
      about={fault.about}
      fixed={{ fault: fault.id }}
      fields={() => faultFields(fault, read, usual)}
      more
      foot={fault.heals}
    />
  );
}

function VerbButton({ choice, vm }: { readonly choice: VerbChoice; readonly vm: string }) {
  const { label, about, act: what, asks = false } = choice;
  const read = scenario.value;
  const verb = String(what["do"] ?? "");
  const fields = () => {
    const points = frame.value?.machines.find((machine) => machine.vm === vm)?.points ?? [];
    return read === undefined ? [] : verbFields(verb, read, points);
  };
  return (
    <ActButton
      label={label}
      about={about}
      fixed={{ ...what, vm }}
      fields={fields}
      more={takesArguments(verb)}
      asks={asks}
      disabled={vm === ""}
    />
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
      <div
        class="palette-body"
        // Without a machine no button can be gone to, and a keyboard has to scroll all the same.
        tabIndex={vm === "" ? 0 : undefined}
        role="group"
        aria-label="What can be done"
      >
        {VERB_GROUPS.map(([title, verbs]) => (
          <fieldset key={title} class="verbs">
            <legend>{title}</legend>
            <ul>
              {verbs.map((verb) => <VerbButton key={verb.label} choice={verb} vm={vm} />)}
            </ul>
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
