/**
 * Every file says what it is for, and every export of the libraries says what it means.
 *
 * @module
 */

import { isBelow, repositoryPath } from "./repository_path.ts";

/** Folders in which each exported symbol has a comment of its own. */
const LIBRARY_FOLDERS = ["engine", "wasm", "lab"] as const;
/** A linter loads its plugin by the default export; nothing else has one. */
const DEFAULT_EXPORT_ALLOWED = "tools/lint/plugin.ts";

const MODULE_HINT =
  "Open it with `/** What it is for, its rule, what it does not know. @module */`";

/** The doc comment that ends just before `offset`, leaving line comments in between aside. */
function docBefore(program: Deno.lint.Program, text: string, offset: number): string | undefined {
  const before = text.slice(0, offset).replace(/(?:\s|(?<=\n)[ \t]*\/\/[^\n]*\n)*$/, "");
  const comment = program.comments.find((one) => one.range[1] === before.length);
  if (comment?.type !== "Block" || !comment.value.startsWith("*")) return undefined;
  return comment.value.includes("@module") ? undefined : comment.value;
}

/** The names that a statement declares. */
function declaredNames(statement: Deno.lint.Node): string[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement.declarations.flatMap(({ id }) => id.type === "Identifier" ? [id.name] : []);
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSInterfaceDeclaration":
    case "TSDeclareFunction":
      return statement.id === null ? [] : [statement.id.name];
    default:
      return [];
  }
}

/** Exported declarations, by name. Overloads of one function share the comment of the first. */
function exportedDeclarations(program: Deno.lint.Program): Map<string, Deno.lint.Node> {
  const local = new Map<string, Deno.lint.Node>();
  const exported = new Map<string, Deno.lint.Node>();
  const setFirst = (map: Map<string, Deno.lint.Node>, name: string, node: Deno.lint.Node) => {
    if (!map.has(name)) map.set(name, node);
  };
  for (const statement of program.body) {
    for (const name of declaredNames(statement)) setFirst(local, name, statement);
    if (statement.type !== "ExportNamedDeclaration" || statement.declaration === null) continue;
    for (const name of declaredNames(statement.declaration)) setFirst(exported, name, statement);
  }
  for (const statement of program.body) {
    if (statement.type !== "ExportNamedDeclaration" || statement.source !== null) continue;
    for (const { local: name } of statement.specifiers) {
      if (name.type !== "Identifier") continue;
      const declaration = local.get(name.name);
      if (declaration !== undefined) setFirst(exported, name.name, declaration);
    }
  }
  return exported;
}

/** The lint rule. */
export const documented: Deno.lint.Rule = {
  create(context) {
    const path = repositoryPath(context.filename);
    return {
      Program(program) {
        const text = context.sourceCode.text;
        if (!/^(?:#![^\n]*\n)?\s*\/\*\*(?:(?!\*\/)[\s\S])*@module\b/.test(text)) {
          const message = "The file does not say what it is for";
          context.report({ range: [0, 1], message, hint: MODULE_HINT });
        }
        if (!isBelow(path, LIBRARY_FOLDERS)) return;
        for (const [name, node] of exportedDeclarations(program)) {
          if (docBefore(program, text, node.range[0]) !== undefined) continue;
          context.report({
            range: [node.range[0], node.range[0] + 1],
            message: `${name} is exported without a doc comment`,
            hint: "Say what it means, its units, its errors; `/** … */` just above it",
          });
        }
      },
      ExportDefaultDeclaration(node) {
        if (path === DEFAULT_EXPORT_ALLOWED) return;
        context.report({ node, message: "Exports have names here", hint: "Export it by name" });
      },
    };
  },
};
