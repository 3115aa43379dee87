/**
 * What was chosen for a machine, wherever it runs: all settings of its relationship but where its replica is.
 *
 * The primary tells its replica of them with every opening, and the replica keeps them: who becomes the primary goes
 * on with what was chosen, a limit of bandwidth included, and nobody has to say it again in a disaster.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import type { Json } from "../base/json.ts";
import { asObject } from "../base/json.ts";
import type { MessageOf } from "../wire/message.ts";
import {
  checkSettings,
  type RelationshipSettings,
  settingsFromJson,
  settingsToJson,
} from "./settings.ts";

/** Settings without an address. */
export type Choices = Omit<RelationshipSettings, "to">;

/** In place of the address where choices are checked and read as settings. */
const NOWHERE = "nowhere:1";

/** What an opening tells of the settings of its primary, beside retention and frequency. */
export function choicesToWire(
  settings: RelationshipSettings,
): MessageOf<"open-machine">["choices"] {
  const { compression, bandwidth, objective, appConsistent, resync, onUnknown } = settings;
  const said = compression ? "on" : "off";
  return { compression: said, bandwidth, objective, appConsistent, resync, onUnknown };
}

/** What an opening tells; `undefined` where it tells nothing, or what no administrator can have chosen. */
export function choicesFromWire(opening: MessageOf<"open-machine">): Choices | undefined {
  const { choices, retention, frequency } = opening;
  if (choices === undefined) return undefined;
  const compression = choices.compression === "on";
  const settings = { ...choices, compression, retention, frequency, to: NOWHERE };
  try {
    return withoutAddress(checkSettings(settings));
  } catch (error) {
    if (!isFailed(error)) throw error;
    return undefined;
  }
}

/** Choices as a record holds them. */
export function choicesToJson(choices: Choices): Json {
  return settingsToJson({ ...choices, to: NOWHERE });
}

/** Choices from a record; `undefined` where it has none, or none that make sense. */
export function choicesFromJson(json: Json | undefined): Choices | undefined {
  const settings = settingsFromJson(asObject(json));
  return settings === undefined ? undefined : withoutAddress(settings);
}

/** True when both are the same, or none. */
export function sameChoices(left: Choices | undefined, right: Choices | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (Object.keys(left) as (keyof Choices)[]).every((key) => left[key] === right[key]);
}

function withoutAddress({ to: _, ...choices }: RelationshipSettings): Choices {
  return choices;
}
