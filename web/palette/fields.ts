/**
 * What a fault or a verb can be given: one field for each, as the registry and the table of verbs have them, with what is
 * usual filled in.
 *
 * Rule: a field holds text as a script spells it, and nothing here judges it: the language does. What stays as it usually is
 * is not written into the script.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import type { FaultDefinition, FaultParameter } from "../../engine/sim/faults/definition.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { quantityText } from "../../lab/scenario/quantities.ts";
import { argumentName, RENAMED_ARGUMENTS, VERB_WORDS } from "../../lab/scenario/verb_words.ts";
import { type ArgumentForm, argumentForm } from "./argument_forms.ts";
import { type PointChoice, pointOptions, pointWritten } from "./point_options.ts";
import { targetsOf, usualTime } from "./targets.ts";

/** One of several. */
export interface Option {
  readonly value: string;
  readonly label: string;
}

/** Something that can be said. */
export interface Field {
  /** The key of the step. */
  readonly name: string;
  readonly label: string;
  /** What it means; may be empty. */
  readonly about: string;
  /** What it is where nobody says otherwise; "" for nothing at all. */
  readonly usual: string;
  /** What can be chosen; a text where there is none. */
  readonly options?: readonly Option[];
  /** How a text may look. */
  readonly example?: string;
  /** It is written also where it is as usual. */
  readonly always?: boolean;
  /** What the step says for a text. */
  readonly written: (text: string) => string | number | boolean | JsonObject;
}

/** What somebody wrote into fields, by their names. */
export type Entries = Readonly<Record<string, string>>;

const asItIs = (text: string) => text;
const wordOptions = (words: readonly string[]): Option[] =>
  words.map((value) => ({ value, label: value }));

/** Whole numbers stand in a script as such; what is none is left to the language to refuse. */
const counted = (text: string) => /^-?\d{1,15}$/.test(text) ? Number(text) : text;

/** What a fault can be given in this scenario; `usualTarget` is what it hits where nobody chose. */
export function faultFields(
  fault: FaultDefinition,
  scenario: DrillScenario,
  usualTarget: string,
): Field[] {
  const fields: Field[] = [{
    name: "on",
    label: "On",
    about: "",
    usual: usualTarget,
    options: wordOptions(targetsOf(fault.targets, scenario)),
    always: true,
    written: asItIs,
  }];
  if (fault.lasting) {
    fields.push({
      name: "for",
      label: "For",
      about: "How long it lasts, such as 90s or 2h5m",
      usual: usualTime(scenario),
      always: true,
      written: asItIs,
    });
  }
  return [...fields, ...fault.parameters.map(parameterField)];
}

function parameterField(parameter: FaultParameter): Field {
  const { name, about } = parameter;
  const label = labelOf(name);
  if (parameter.kind === "word") {
    const { words, usual } = parameter;
    return { name, label, about, usual, options: wordOptions(words), written: asItIs };
  }
  const { kind, min, max, usual } = parameter;
  const spelt = (value: number) => kind === "count" ? String(value) : quantityText(kind, value);
  return {
    name,
    label,
    about: `${about}: ${spelt(min)} to ${spelt(max)}`,
    usual: spelt(usual),
    written: kind === "count" ? counted : asItIs,
  };
}

/** What a verb can be given; none for one that takes nothing but its machine. `points` are those that it may choose from. */
export function verbFields(
  verb: string,
  scenario: DrillScenario,
  points: readonly PointChoice[],
): Field[] {
  return Object.keys(VERB_WORDS[verb]?.args ?? {}).flatMap((written) => {
    const argument = argumentName(written);
    const form = argumentForm(verb, argument);
    const name = RENAMED_ARGUMENTS[argument] ?? argument;
    return form === undefined ? [] : [argumentField(name, form, scenario, points)];
  });
}

/** True for a verb that can be given something. */
export function takesArguments(verb: string): boolean {
  return Object.keys(VERB_WORDS[verb]?.args ?? {})
    .some((written) => argumentForm(verb, argumentName(written)) !== undefined);
}

function argumentField(
  name: string,
  form: ArgumentForm,
  scenario: DrillScenario,
  points: readonly PointChoice[],
): Field {
  const { label, about } = form;
  const field = { name, label, about, usual: "", written: asItIs };
  switch (form.kind) {
    case "point":
      return { ...field, options: pointOptions(scenario, points), written: pointWritten };
    case "site": {
      const sites = scenario.world.sites.map((site) => site.name);
      return { ...field, usual: sites[0]!, options: wordOptions(sites), always: true };
    }
    case "switch":
      return {
        ...field,
        options: [{ value: "", label: form.unsaid }, ...form.choices],
        written: (text) => text === "true" ? true : text === "false" ? false : text,
      };
    case "text":
      return { ...field, example: form.example };
  }
}

function labelOf(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** What is in a field: what somebody wrote, or what is usual; a choice that is not there any more is as good as none. */
export function entryOf(field: Field, entries: Entries): string {
  const entry = entries[field.name];
  if (entry === undefined) return field.usual;
  const gone = field.options !== undefined && !field.options.some(({ value }) => value === entry);
  return gone ? field.usual : entry.trim();
}

/** What the step says besides its moment. */
export function stepOf(fixed: JsonObject, fields: readonly Field[], entries: Entries): JsonObject {
  const step: JsonObject = { ...fixed };
  const said = fields.flatMap((field) => {
    const entry = entryOf(field, entries);
    const silent = entry === field.usual && field.always !== true;
    return silent ? [] : [[field.name, field.written(entry)] as const];
  });
  return { ...step, ...Object.fromEntries(said) };
}
