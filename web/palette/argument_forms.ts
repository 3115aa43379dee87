/**
 * How the palette asks for the arguments of verbs: their names for people, what they mean, and what a text looks like.
 *
 * @module
 */

import type { Option } from "./fields.ts";

/** How one argument is asked for. */
export type ArgumentForm =
  & {
    readonly label: string;
    /** What it means, in one sentence. */
    readonly about: string;
  }
  & (
    | { readonly kind: "point" | "site" }
    | { readonly kind: "text"; readonly example: string }
    /** `unsaid`: what holds where nothing is chosen. */
    | { readonly kind: "switch"; readonly unsaid: string; readonly choices: readonly Option[] }
  );

const yesOrNo = (label: string, about: string): ArgumentForm => ({
  ...{ kind: "switch", label, about },
  ...{ unsaid: "no", choices: [{ value: "true", label: "yes" }] },
});
const text = (label: string, example: string, about: string): ArgumentForm => ({
  kind: "text",
  ...{ label, example, about },
});

/** Arguments that mean the same with every verb. */
const FORMS: Readonly<Record<string, ArgumentForm>> = {
  point: { kind: "point", label: "Point", about: "What the machine begins with" },
  keep: { kind: "site", label: "Keep", about: "The side that stays" },
  unverified: yesOrNo(
    "Unverified",
    "Also where the replica's disks are suspect and were not compared to their end yet",
  ),
  force: yesOrNo(
    "Force",
    "A planned one without the replica's word: should the machine have been started there, both sides go on",
  ),
  delete: text("Delete", "digits of a test", "Delete this test failover instead"),
  at: text("Start at", "22:00", "Not now but then; only where a comparison is due"),
  frequency: text("Frequency", "5m", "From one cycle to the next, 1s to 1h"),
  retention: text(
    "Retention",
    "all 2h, hourly 1d",
    "Points to keep at the replica: newest, last N, hourly N, or tiers",
  ),
  compression: {
    kind: "switch",
    label: "Compression",
    about: "Compress what travels",
    unsaid: "as it is",
    choices: [{ value: "true", label: "on" }, { value: "false", label: "off" }],
  },
  bandwidth: text("Bandwidth", "100Mbit", "Bound of what is sent for the machine; 0B/s for none"),
  appConsistent: text(
    "Consistent points",
    "1h",
    "From one application-consistent point to the next, up to 7d; 0s for none",
  ),
  resync: text(
    "Resync",
    "18:30-06:00",
    "When whole disks are compared, if that is due: auto, manual, or a window of the day",
  ),
  onUnknown: {
    kind: "switch",
    label: "On unknown",
    about:
      "What the server does at its start while the replica does not say where the machine runs",
    unsaid: "as it is",
    choices: [{ value: "serve", label: "serve" }, { value: "hold", label: "hold" }],
  },
  rpo: text("RPO", "10m", "How old the newest point may be before status warns"),
};

/** With some verbs they mean something else. */
const OF_VERBS: Readonly<Record<string, Readonly<Record<string, ArgumentForm>>>> = {
  "replication cycle": {
    appConsistent: yesOrNo("Consistent", "Ask the guest for an application-consistent point"),
  },
};

/** How the argument of a verb is asked for; undefined for one that a drill between two sites has no use for. */
export function argumentForm(verb: string, argument: string): ArgumentForm | undefined {
  return OF_VERBS[verb]?.[argument] ?? FORMS[argument];
}
