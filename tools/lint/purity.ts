/**
 * What the engine and the simulated world may not touch, each with its reason and replacement.
 *
 * The compiler forbids most of it already (`lib` is the bare language there); this closes what the
 * language itself leaves open, so that a run is a pure function of its seed and schedule.
 *
 * @module
 */

import { isBelow, repositoryPath } from "./repository_path.ts";

/** Folders whose code does no I/O, waits for nothing and gives the same result everywhere. */
export const PURE_FOLDERS = ["engine/core", "engine/sim"] as const;

const SUSPEND = "A task suspends with `yield*` on a Wait; the world decides when it goes on";
const TIME = "Ask the Clock port, whose time is simulated in half of all runs";
const TEXT = "Use the UTF-8 functions of engine/core/base";
const OBSERVE = "Tell the Observer port: it is the one source of logs";
const DIFFERS = "It depends on the collector or the platform, so two runs of one seed would differ";
const INEXACT = "Its last bits differ between engines. Use integers or a table";
const HIDDEN = "It reaches every global, so no rule could see what it uses";

/** Names of globals. */
const GLOBALS: ReadonlyMap<string, string> = new Map([
  ["Deno", "Go through a port"],
  ["fetch", "Go through the Network port"],
  ["Worker", "Heavy work is a task of the Codec port"],
  ["console", OBSERVE],
  ["Date", TIME],
  ["Temporal", TIME],
  ["Promise", SUSPEND],
  ["setTimeout", SUSPEND],
  ["setInterval", SUSPEND],
  ["queueMicrotask", SUSPEND],
  ["crypto", "Ask the Entropy port, or the Codec port for digests"],
  ["TextEncoder", TEXT],
  ["TextDecoder", TEXT],
  ["Intl", DIFFERS],
  ["WeakRef", DIFFERS],
  ["FinalizationRegistry", DIFFERS],
  ["Atomics", "The engine is one thread"],
  ["eval", HIDDEN],
  ["Function", HIDDEN],
  ["globalThis", HIDDEN],
]);

/** Methods, on whatever object. */
const METHODS: ReadonlyMap<string, string> = new Map(
  [
    "toLocaleString",
    "toLocaleDateString",
    "toLocaleTimeString",
    "toLocaleLowerCase",
    "toLocaleUpperCase",
    "localeCompare",
  ].map((name) => [name, "It depends on the locale. Compare and print code units"]),
);

/** The functions of `Math` whose result the language fixes to the last bit. */
const EXACT_MATH: ReadonlySet<string> = new Set([
  "abs",
  "ceil",
  "clz32",
  "floor",
  "fround",
  "imul",
  "max",
  "min",
  "round",
  "sign",
  "sqrt",
  "trunc",
]);

/** Whether the identifier is a name of its own, not the name of a member or a key. */
function isFreeName(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as Deno.lint.Node & {
    property?: unknown;
    key?: unknown;
    right?: unknown;
    computed?: boolean;
  };
  if (parent.computed) return true;
  if (parent.type === "MemberExpression") return parent.property !== node;
  if (parent.type === "TSQualifiedName") return parent.right !== node;
  return parent.key !== node;
}

function memberProblem(node: Deno.lint.MemberExpression): string | undefined {
  const { object, property, computed } = node;
  const isMath = object.type === "Identifier" && object.name === "Math";
  if (computed || property.type !== "Identifier") {
    return isMath ? "Name the function, so that the rule can see which it is" : undefined;
  }
  if (isMath && property.name === "random") return "Draw from the Entropy port or a seeded Prng";
  if (isMath && !EXACT_MATH.has(property.name)) {
    return INEXACT;
  }
  if (property.name === "fromAsync") return SUSPEND;
  return METHODS.get(property.name);
}

/** The lint rule. */
export const purity: Deno.lint.Rule = {
  create(context) {
    if (!isBelow(repositoryPath(context.filename), PURE_FOLDERS)) return {};
    const report = (node: Deno.lint.Node, what: string, hint: string) =>
      context.report({ node, message: `The pure folders may not use ${what}`, hint });
    const checkFunction = (node: Deno.lint.Node & { async: boolean }) => {
      if (node.async) report(node, "async functions", SUSPEND);
    };
    return {
      Identifier(node) {
        const hint = GLOBALS.get(node.name);
        if (hint !== undefined && isFreeName(node)) report(node, node.name, hint);
      },
      MemberExpression(node) {
        const hint = memberProblem(node);
        if (hint !== undefined) report(node, context.sourceCode.getText(node), hint);
      },
      BinaryExpression(node) {
        const isWrittenOut = node.left.type === "Literal" && node.right.type === "Literal";
        if (node.operator === "**" && !isWrittenOut) report(node, "**", INEXACT);
      },
      AssignmentExpression(node) {
        if (node.operator === "**=") report(node, "**=", INEXACT);
      },
      AwaitExpression: (node) => report(node, "await", SUSPEND),
      ForOfStatement(node) {
        if (node.await) report(node, "for await", SUSPEND);
      },
      FunctionDeclaration: checkFunction,
      FunctionExpression: checkFunction,
      ArrowFunctionExpression: checkFunction,
    };
  },
};
