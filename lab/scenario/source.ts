/**
 * YAML text as a plain value, with the place of everything in it.
 *
 * Rule: the text is hostile until it is read: its length, its depth, how much aliases make of it are bounded, and whatever
 * it is, what comes of it is a value or problems. Nothing here knows what a scenario is.
 *
 * @module
 */

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import { BOUNDS } from "./bounds.ts";

/** Something that is wrong with a text, and where. Lines and columns count from 1; the end is exclusive. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** What is wrong, what was expected, and the nearest word that is possible, in one sentence. */
  readonly message: string;
}

/** Keys and places in lists, from the whole to a part. */
export type Path = readonly (string | number)[];

/** A text that was read. */
export interface Source {
  readonly value: unknown;
  /** It is JSON on one line, as scenarios are stored. */
  readonly isLine?: true;
  /** A problem with the part at `path`, or with its key. */
  problem(path: Path, message: string, what?: "value" | "key"): Problem;
  /** The line of the part at `path`, from 1. */
  line(path: Path): number;
}

/** Of what is wrong with YAML, that much is told: the rest follows from it. */
const ERRORS_MAX = 3;

/** Brackets that may be open at once, also in texts, and dashes that may begin a line. */
const OPEN_MAX = 4 * BOUNDS.depth;
const DASHES = new RegExp(`^[ \\t]*(?:[-?][ \\t]+){${OPEN_MAX},}`, "m");

/** True for a text that nobody reads without running out of stack. */
function opensTooMuch(text: string): boolean {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) open++;
    else if (open > 0 && (code === 0x5d || code === 0x7d)) open--;
    if (open > OPEN_MAX) return true;
  }
  return DASHES.test(text);
}

/** A part of the text cannot be read. */
class Unreadable extends Error {
  readonly node: Node | undefined;

  constructor(node: Node | undefined, message: string) {
    super(message);
    this.node = node;
  }
}

/** Where everything is of which the place is not known. */
const WHOLE = { line: 1, column: 1, endLine: 1, endColumn: 2 };

/** The value that `text` spells. */
export function readSource(text: string): Source | readonly Problem[] {
  if (text.length > BOUNDS.text) {
    const message = `The file has ${text.length} characters, and ${BOUNDS.text} are the most`;
    return [{ ...WHOLE, message }];
  }
  if (opensTooMuch(text)) return [{ ...WHOLE, message: TOO_DEEP }];
  return readJsonLine(text) ?? readYaml(text);
}

const TOO_MANY_ALIASES = `The file has more than ${BOUNDS.aliases} aliases`;

const TOO_DEEP = `The file is nested deeper than ${BOUNDS.depth} levels`;

/** JSON on one line, as scenarios are stored: read at once; its places are sought when somebody asks. */
function readJsonLine(text: string): Source | undefined {
  const line = text.trim();
  if (!line.startsWith("{") || line.includes("\n")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  let places: Source | readonly Problem[] | undefined;
  return {
    value,
    isLine: true,
    line: () => 1,
    problem: (path, message, what) => {
      places ??= readYaml(text);
      return "value" in places ? places.problem(path, message, what) : { ...WHOLE, message };
    },
  };
}

const MARKS = /[,:\n{}[\]"'!&*?@`]|-(?=[\s,])/g;

const TOO_DENSE = `The file has more than ${BOUNDS.marks} commas, colons, brackets, quotes, ` +
  "dashes and lines; JSON on one line may have more";

function readYaml(text: string): Source | readonly Problem[] {
  if ((text.match(MARKS) ?? []).length > BOUNDS.marks) return [{ ...WHOLE, message: TOO_DENSE }];
  // Far more than may stand there: not even parsed, which is slow. Words of a story may begin with an asterisk.
  if ((text.match(/(?:^|[\s,[{:-])\*[^\s,[\]{}*]/g) ?? []).length > 10 * BOUNDS.aliases) {
    return [{ ...WHOLE, message: TOO_MANY_ALIASES }];
  }
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      version: "1.2",
      schema: "core",
    });
  } catch {
    // It ran out of stack.
    return [{ ...WHOLE, message: TOO_DEEP }];
  }
  const spot = (range: readonly number[] | null | undefined) => spotOf(lines, range);
  if (document.errors.length > 0) {
    return document.errors.slice(0, ERRORS_MAX).map(({ pos, code, message }) => ({
      ...spot(pos),
      message: code === "MULTIPLE_DOCS"
        ? "A file has one scenario, and another one begins here"
        : `Not YAML: ${message.split("\n")[0]}`,
    }));
  }
  try {
    const value = new Reader(document).read(document.contents);
    const places = new Places(document);
    return {
      value,
      problem: (path, message, what = "value") => ({ ...spot(places.range(path, what)), message }),
      line: (path) => spot(places.range(path, "value")).line,
    };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return [{ ...spot(error.node?.range), message: error.message }];
  }
}

function spotOf(lines: LineCounter, range: readonly number[] | null | undefined) {
  const [from = 0, until = from] = range ?? [];
  const start = lines.linePos(from);
  const end = lines.linePos(Math.max(until, from + 1));
  return {
    line: Math.max(1, start.line),
    column: Math.max(1, start.col),
    endLine: Math.max(1, end.line),
    endColumn: Math.max(1, end.col),
  };
}

/** Makes a plain value of a document. */
class Reader {
  readonly #document: Document.Parsed;
  readonly #targets = new Map<Alias, Node>();
  #nodes = 0;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  read(node: unknown, depth = 0): unknown {
    if (node === null || node === undefined) return null;
    const found = node as Node;
    this.#nodes++;
    if (this.#nodes > BOUNDS.nodes) {
      throw new Unreadable(found, `The file spells more than ${BOUNDS.nodes} values`);
    }
    if (depth > BOUNDS.depth) {
      throw new Unreadable(found, `The file is nested deeper than ${BOUNDS.depth} levels`);
    }
    if (isAlias(found)) return this.read(this.#target(found), depth + 1);
    if (isScalar(found)) return plain(found.value);
    if (isSeq(found)) return found.items.map((item) => this.read(item, depth + 1));
    if (isMap(found)) return this.#map(found.items, depth);
    throw new Unreadable(found, "Only lists, maps, texts, numbers, true and false are read");
  }

  /** What an alias stands for, sought once for each: one that stands for itself ends at the bound of depth. */
  #target(alias: Alias): Node {
    const known = this.#targets.get(alias);
    if (known !== undefined) return known;
    if (this.#targets.size === BOUNDS.aliases) {
      throw new Unreadable(alias, TOO_MANY_ALIASES);
    }
    const target = alias.resolve(this.#document);
    if (target === undefined) throw new Unreadable(alias, `Nothing is called "&${alias.source}"`);
    this.#targets.set(alias, target);
    return target;
  }

  #map(
    items: readonly { readonly key: unknown; readonly value: unknown }[],
    depth: number,
  ): object {
    const made: Record<string, unknown> = Object.create(null);
    for (const { key, value } of items) {
      const name = keyOf(key);
      const node = key as Node | undefined;
      if (name === undefined) throw new Unreadable(node, "A key is a word");
      if (Object.hasOwn(made, name)) throw new Unreadable(node, `"${name}" stands here twice`);
      made[name] = this.read(value, depth + 1);
    }
    return made;
  }
}

function plain(value: unknown): unknown {
  const kind = typeof value;
  if (value === null || kind === "string" || kind === "number" || kind === "boolean") return value;
  return String(value);
}

function keyOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const { value } = key;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

/** Finds the places of parts again. */
class Places {
  readonly #document: Document.Parsed;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  /** Where the part at `path` is, or its key; where it is not there, the nearest part around it. */
  range(path: Path, what: "value" | "key"): readonly number[] | undefined {
    let node: unknown = this.#document.contents;
    let range = rangeOf(node);
    for (const [at, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document);
      const pair = isMap(node)
        ? node.items.find(({ key }) => keyOf(key) === String(step))
        : undefined;
      const next = isSeq(node) ? node.items[Number(step)] : pair?.value;
      if (what === "key" && at === path.length - 1 && pair !== undefined) return rangeOf(pair.key);
      if (next === undefined || next === null) return rangeOf(pair?.key) ?? range;
      node = next;
      range = rangeOf(node) ?? range;
    }
    return range;
  }
}

/** From its beginning to the end of what it says. */
function rangeOf(node: unknown): readonly number[] | undefined {
  return (node as Node | undefined)?.range?.slice(0, 2);
}
