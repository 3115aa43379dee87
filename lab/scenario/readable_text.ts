/**
 * A scenario that is stored as one line of JSON, as people write it: YAML, what belongs together on a line, its story as a text.
 *
 * Rule: what is shown spells the same value as what was stored, or it is what was stored.
 *
 * @module
 */

import { Document, isScalar, Scalar, visit } from "yaml";
import { readSource } from "./source.ts";

/** Letters of a line. */
const WIDTH = 120;
/** Letters that a list or map may have that is written on one: it stands within others, and its entries behind commas. */
const FITS = 110;

/** In which order people write the keys of the whole, of a world, a step and an expectation; others come behind. */
const WHOLE = ["formatVersion", "name", "title", "story", "seed", "engineHash", "attended", "end"];
const WORLD = ["scale", "block", "grain", "sites", "links", "machines"];
const STEP = ["id", "at", "after", "wait", "fault", "do", "guest", "on", "vm", "side", "careful"];
const EXPECTATION = ["vm", "step"];
/** Nodes above a step: the document, the whole, its script with its key. */
const DEPTH_OF_STEPS = 4;

/** `text` as people read it, where it is JSON on one line; any other text as it is. */
export function readableText(text: string): string {
  const source = readSource(text);
  if (!("value" in source) || source.isLine !== true) return text;
  const value = arranged(source.value);
  const made = written(value);
  const again = readSource(made);
  const same = "value" in again && JSON.stringify(again.value) === JSON.stringify(value);
  return same ? made : text;
}

function arranged(whole: unknown): unknown {
  const { world, script, expect, ...head } = ordered(WHOLE, whole) as Record<string, unknown>;
  const list = (keys: readonly string[], value: unknown) =>
    Array.isArray(value) ? value.map((each) => ordered(keys, each)) : value;
  return {
    ...head,
    ...(world === undefined ? {} : { world: ordered(WORLD, world) }),
    ...(script === undefined ? {} : { script: list(STEP, script) }),
    ...(expect === undefined ? {} : { expect: list(EXPECTATION, expect) }),
  };
}

/** A map with some of its keys first; anything else as it is. */
function ordered(keys: readonly string[], value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const fields = value as Record<string, unknown>;
  const first = keys.filter((key) => Object.hasOwn(fields, key)).map((key) => [key, fields[key]]);
  return Object.fromEntries([...first, ...Object.entries(fields)]);
}

function written(value: unknown): string {
  const document = new Document(value, { version: "1.2", aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, { key, value }) {
      if (isScalar(key) && key.value === "story" && isScalar(value)) asBlock(value);
    },
    Collection(_, node, { length: depth }) {
      // A step is a line for itself, also where all of them would fit on one.
      if (depth < DEPTH_OF_STEPS || lengthOnLine(node) > FITS) return;
      node.flow = true;
      return visit.SKIP;
    },
  });
  return document.toString({ lineWidth: WIDTH, flowCollectionPadding: false });
}

/** About how long a list or map is on one line: names and most texts have no quotes there. */
function lengthOnLine(node: unknown): number {
  return JSON.stringify(node).replaceAll('"', "").replaceAll(/[,:]/g, ", ").length;
}

/** A text on lines of its own: as they are where it has several, else broken where they are long. */
function asBlock(story: Scalar): void {
  story.type = String(story.value).trim().includes("\n")
    ? Scalar.BLOCK_LITERAL
    : Scalar.BLOCK_FOLDED;
}
