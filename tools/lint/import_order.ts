/**
 * Who may import whom. Everything about the layers of the repository stands in the table below.
 *
 * @module
 */

import { repositoryPath } from "./repository_path.ts";

/** The folders of `engine/core`. One imports only from those before it, and from itself. */
export const CORE_ORDER = [
  "base",
  "block",
  "runtime",
  "ports",
  "wire",
  "tracking",
  "history",
  "lineage",
  "relationship",
  "primary",
  "replica",
  "failover",
  "server",
] as const;

/** What the files of one folder may import. */
export interface Layer {
  /** A folder, or a file with its `.ts` and those that begin with its name. The longest match counts. */
  readonly folder: string;
  /** Folders, `node:` (the runtime's modules) or `npm:` (packages of the import map). */
  readonly may: readonly string[];
  /** Folders of which only types may be imported. */
  readonly mayTypes?: readonly string[];
  /** Told to the one who breaks the rule. */
  readonly why: string;
}

const CORE = "engine/core";
const SIM = "engine/sim";
const HOST = "engine/host";

const CORE_LAYERS: readonly Layer[] = CORE_ORDER.map((name, index) => ({
  folder: `${CORE}/${name}`,
  may: CORE_ORDER.slice(0, index + 1).map((earlier) => `${CORE}/${earlier}`),
  why: `engine/core/${name} knows only the folders before it: ${CORE_ORDER.join(", ")}`,
}));

/** All layers. A folder that is not here (`test`, `tools`) may import anything of the repository. */
export const LAYERS: readonly Layer[] = [
  ...CORE_LAYERS,
  { folder: CORE, may: [CORE], why: "The engine is pure and stands alone" },
  {
    folder: `${SIM}/oracle`,
    may: [`${SIM}/oracle`],
    mayTypes: [`${CORE}/base`],
    why: "The oracle judges the engine, so it shares no code with it, only the types of base",
  },
  {
    folder: "test/model/reference",
    may: ["test/model/reference"],
    mayTypes: [`${CORE}/base`],
    why: "The reference model is what the engine is compared with, so it shares no code with it",
  },
  { folder: SIM, may: [SIM, CORE], why: "The simulated world knows the engine and nothing real" },
  {
    folder: HOST,
    may: [HOST, CORE, "wasm", "node:", "npm:"],
    why: "The real world implements the ports of the engine; else it knows the codec alone",
  },
  {
    folder: "engine/agent",
    may: ["engine/agent", HOST, CORE, "wasm", "node:", "npm:"],
    why: "The program wires engine and host; it carries no simulation",
  },
  {
    folder: "wasm",
    may: ["wasm", `${CORE}/base`, `${CORE}/block`, `${CORE}/runtime`, `${CORE}/ports`],
    why: "The codec runs in Deno, Node and browsers from the same bytes",
  },
  {
    folder: "wasm/box",
    may: ["wasm", `${CORE}/ports`, "npm:@noble/ciphers"],
    why: "The cipher is the one package that every world has, and nothing else is taken in with it",
  },
  {
    folder: "lab",
    may: ["lab", SIM, CORE, "wasm", "node:", "npm:"],
    why: "The lab runs the simulated world; it never touches the real one",
  },
  {
    folder: "web",
    may: ["web", "lab", SIM, CORE, "wasm", "npm:"],
    why: "Pages run in a browser, which has no host and no node modules",
  },
];

const REMOTE = /^(?:npm|jsr|https?|data|blob|file):/;

/** The folder-like name of what `specifier` means in the file at `path`. */
export function resolveImport(path: string, specifier: string): string {
  if (specifier.startsWith(".")) {
    return new URL(specifier, `file:///${path}`).pathname.slice(1);
  }
  return specifier.startsWith("node:") ? specifier : `npm:${specifier}`;
}

function belongsTo(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) || path === `${folder}.ts` ||
    path.startsWith(`${folder}_`) || (folder.endsWith(":") && path.startsWith(folder));
}

function layerOf(path: string): Layer | undefined {
  return LAYERS.filter((layer) => belongsTo(path, layer.folder))
    .sort((left, right) => right.folder.length - left.folder.length)[0];
}

/** Why the file at `path` may not import `specifier`, or undefined if it may. */
export function importProblem(
  path: string,
  specifier: string,
  typesOnly: boolean,
): string | undefined {
  if (REMOTE.test(specifier)) {
    return "Packages come from the import map of deno.json, pinned; never by address";
  }
  const layer = layerOf(path);
  if (layer === undefined) return undefined;
  const target = resolveImport(path, specifier);
  if (layer.may.some((folder) => belongsTo(target, folder))) return undefined;
  const types = layer.mayTypes ?? [];
  if (typesOnly && types.some((folder) => belongsTo(target, folder))) return undefined;
  return layer.why;
}

/** The lint rule. */
export const importOrder: Deno.lint.Rule = {
  create(context) {
    const path = repositoryPath(context.filename);
    const check = (source: Deno.lint.Node | null | undefined, typesOnly: boolean) => {
      if (source?.type !== "Literal" || typeof source.value !== "string") return;
      const problem = importProblem(path, source.value, typesOnly);
      if (problem === undefined) return;
      context.report({
        node: source,
        message: `${path} may not import "${source.value}"`,
        hint: problem,
      });
    };
    return {
      ImportDeclaration: (node) => check(node.source, node.importKind === "type"),
      ExportNamedDeclaration: (node) => check(node.source, node.exportKind === "type"),
      ExportAllDeclaration: (node) => check(node.source, node.exportKind === "type"),
      ImportExpression: (node) => check(node.source, false),
      TSImportType: (node) => {
        const argument = node.argument;
        check(argument.type === "TSLiteralType" ? argument.literal : argument, true);
      },
    };
  },
};
