/**
 * The settings of a relationship as verbs take them: one entry for each.
 *
 * Rule: what can be chosen when replication is enabled can be changed while it runs; both read this table. A setting
 * that is added here is an argument of `replication enable` and `replication set` and is checked, recorded and sent like
 * the others; what is left for the command line is how people write it.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { parseRetention, retentionText } from "../wire/retention.ts";
import { RESYNC_DEFAULT } from "./resync_policy.ts";
import {
  checkSettings,
  defaultObjective,
  FREQUENCY_DEFAULT,
  type RelationshipSettings,
  RETENTION_DEFAULT,
} from "./settings.ts";

/** One setting. */
interface Setting {
  /** What it must be, for whoever gave something else: "a number". */
  readonly needs: string;
  /** `settings` with `value`; `undefined` when it is of another type. */
  apply(settings: RelationshipSettings, value: Json): RelationshipSettings | undefined;
}

/** Every setting by the argument that verbs take for it. */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  to: text((settings, to) => ({ ...settings, to })),
  frequency: number((settings, frequency) => ({
    ...settings,
    frequency,
    // An objective that nobody chose follows what it was made from.
    objective: settings.objective === defaultObjective(settings.frequency)
      ? defaultObjective(frequency)
      : settings.objective,
  })),
  retention: text((settings, retention) => {
    return { ...settings, retention: retentionText(parseRetention(retention)) };
  }),
  compression: flag((settings, compression) => ({ ...settings, compression })),
  bandwidth: number((settings, bandwidth) => ({ ...settings, bandwidth })),
  appConsistent: number((settings, appConsistent) => ({ ...settings, appConsistent })),
  resync: text((settings, resync) => ({ ...settings, resync })),
  onUnknown: {
    needs: '"serve" or "hold"',
    apply: (settings, value) =>
      value === "serve" || value === "hold" ? { ...settings, onUnknown: value } : undefined,
  },
  rpo: number((settings, objective) => ({ ...settings, objective })),
};

/** The arguments' names as a verb lists them: all may be left out but `required`. */
export function settingArguments(...required: readonly string[]): readonly string[] {
  return Object.keys(SETTINGS).map((name) => required.includes(name) ? name : `${name}?`);
}

/** Names of the settings that `args` has. */
export function settingsGiven(args: JsonObject): readonly string[] {
  return Object.keys(SETTINGS).filter((name) => (args[name] ?? null) !== null);
}

/**
 * `settings` with what `args` says otherwise. Throws `bad-argument`, naming the argument, for what is of the wrong type
 * or cannot be.
 */
export function changedSettings(
  settings: RelationshipSettings,
  args: JsonObject,
): RelationshipSettings {
  let changed = settings;
  for (const name of settingsGiven(args)) {
    const setting = SETTINGS[name] as Setting;
    const next = setting.apply(changed, args[name] as Json);
    if (next === undefined) {
      throw requestFailure(
        "bad-argument",
        `Missing or unsound argument "${name}"`,
        `Give ${setting.needs}`,
      );
    }
    changed = next;
  }
  return checkSettings(changed);
}

/** The settings of a new relationship: `to` must be given, the rest has defaults. */
export function newSettings(args: JsonObject): RelationshipSettings {
  const usual: RelationshipSettings = {
    to: "",
    frequency: FREQUENCY_DEFAULT,
    retention: RETENTION_DEFAULT,
    compression: true,
    bandwidth: 0,
    resync: RESYNC_DEFAULT,
    objective: defaultObjective(FREQUENCY_DEFAULT),
    appConsistent: 0,
    onUnknown: "serve",
  };
  return changedSettings(usual, args);
}

function text(
  apply: (settings: RelationshipSettings, value: string) => RelationshipSettings,
): Setting {
  return {
    needs: "a text",
    apply: (settings, value) =>
      typeof value === "string" && value !== "" && value.length <= 4096
        ? apply(settings, value)
        : undefined,
  };
}

function number(
  apply: (settings: RelationshipSettings, value: number) => RelationshipSettings,
): Setting {
  return {
    needs: "a number",
    apply: (settings, value) => typeof value === "number" ? apply(settings, value) : undefined,
  };
}

function flag(
  apply: (settings: RelationshipSettings, value: boolean) => RelationshipSettings,
): Setting {
  return {
    needs: "true or false",
    apply: (settings, value) => typeof value === "boolean" ? apply(settings, value) : undefined,
  };
}
