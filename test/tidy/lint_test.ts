/**
 * Each lint rule of ours fires on bad samples and leaves good ones alone.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CORE_ORDER, importProblem } from "../../tools/lint/import_order.ts";
import plugin from "../../tools/lint/plugin.ts";

const CORE_FILE = "engine/core/tracking/a.ts";

/** What one rule says of `source` in the file at `path`. */
function problems(rule: string, path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source)
    .filter(({ id }) => id === `warmsite/${rule}`)
    .map(({ message }) => message);
}

function assertFires(rule: string, path: string, source: string): void {
  assert.equal(problems(rule, path, source).length, 1, `${rule} on ${path}:\n${source}`);
}

function assertSilent(rule: string, path: string, source: string): void {
  assert.deepEqual(problems(rule, path, source), [], `${rule} on ${path}:\n${source}`);
}

Deno.test("purity refuses each thing that would make a run differ, with a hint", () => {
  for (
    const source of [
      "const a = Deno.args;",
      "const a = Math.random();",
      "const a = Math.sin(1);",
      "const a = Math.pow(2, 3);",
      "const a = Math.PI;",
      "const a = 2 ** b;",
      "a **= 2;",
      "const a = Math[name](1);",
      "const a = { Date };",
      "const a = Date.now();",
      "function f(): Promise<void> {}",
      "async function f() {}",
      "const f = async () => 1;",
      "class A { async f() {} }",
      "await f();",
      "for await (const a of b) f(a);",
      "setTimeout(f, 1);",
      "queueMicrotask(f);",
      "console.log(1);",
      "const a = new TextEncoder();",
      "crypto.subtle;",
      "eval('1');",
      "const f = new Function('1');",
      "globalThis.x;",
      "const a = (1).toLocaleString();",
      "const a = b.localeCompare(c);",
      "const a = new WeakRef(b);",
      "const a = Array.fromAsync(b);",
    ]
  ) {
    for (const path of [CORE_FILE, "engine/sim/disk/a.ts"]) assertFires("purity", path, source);
    assertSilent("purity", "engine/host/a.ts", source);
  }
  const [first] = Deno.lint.runPlugin(plugin, CORE_FILE, "/** @module */\nMath.random();");
  assert.match(first?.hint ?? "", /Prng/);
});

Deno.test("purity allows exact arithmetic, generators and members that share a name", () => {
  for (
    const source of [
      "const a = Math.floor(Math.sqrt(2)) + Math.imul(3, 4);",
      "const a = 2 ** 52;",
      "function* f() { const a = yield* g(); return a; }",
      "const a = world.console;",
      "const a = { Date: 1, crypto() {} };",
      "interface A { fetch: number; Deno(): void }",
      "class A { eval = 1; console() {} }",
      "// console.log(Date.now())",
      "const a = 'Math.random()';",
    ]
  ) assertSilent("purity", CORE_FILE, source);
});

Deno.test("import-order lets a core folder import only itself and those before it", () => {
  assertSilent("import-order", CORE_FILE, 'import { a } from "../wire/a.ts";');
  assertSilent("import-order", CORE_FILE, 'import { a } from "./b.ts";');
  for (
    const source of [
      'import { a } from "../history/a.ts";',
      'import type { A } from "../history/a.ts";',
      'export { a } from "../server/a.ts";',
      'export * from "../server/a.ts";',
      'const a = import("../server/a.ts");',
      'type A = import("../server/a.ts").A;',
      'import { a } from "../../sim/a.ts";',
      'import { readFileSync } from "node:fs";',
      'import { Hono } from "hono";',
    ]
  ) assertFires("import-order", CORE_FILE, source);
});

Deno.test("import-order knows every pair of core folders", () => {
  for (const [from, importer] of CORE_ORDER.entries()) {
    for (const [to, imported] of CORE_ORDER.entries()) {
      const problem = importProblem(`engine/core/${importer}/a.ts`, `../${imported}/b.ts`, false);
      assert.equal(problem === undefined, to <= from, `${importer} imports ${imported}`);
    }
  }
});

Deno.test("import-order keeps the two worlds, the oracle and the browser apart", () => {
  const may = (path: string, specifier: string, typesOnly = false) =>
    importProblem(path, specifier, typesOnly) === undefined;
  assert.equal(may("engine/sim/a.ts", "../core/wire/a.ts"), true);
  assert.equal(may("engine/sim/a.ts", "../host/a.ts"), false);
  assert.equal(may("engine/sim/a.ts", "node:fs"), false);
  assert.equal(may("engine/host/a.ts", "../core/ports/a.ts"), true);
  assert.equal(may("engine/host/a.ts", "../sim/a.ts"), false);
  assert.equal(may("engine/agent/a.ts", "../host/a.ts"), true);
  assert.equal(may("engine/agent/a.ts", "../../wasm/codec.ts"), true);
  assert.equal(may("wasm/box.ts", "@noble/ciphers/chacha.js"), true);
  assert.equal(may("wasm/kernel.ts", "@noble/ciphers/chacha.js"), false);
  assert.equal(may("wasm/box.ts", "hono"), false);
  assert.equal(may("engine/agent/a.ts", "../sim/a.ts"), false);
  assert.equal(may("engine/agent/a.ts", "../../lab/a.ts"), false);
  assert.equal(may("engine/sim/oracle/a.ts", "../../core/base/units.ts", true), true);
  assert.equal(may("engine/sim/oracle/a.ts", "../../core/base/units.ts", false), false);
  assert.equal(may("engine/sim/oracle.ts", "../core/wire/a.ts", true), false);
  assert.equal(may("engine/sim/oracle/a.ts", "../a.ts"), false);
  assert.equal(may("test/model/reference/a.ts", "../../../engine/core/base/units.ts", true), true);
  assert.equal(may("test/model/reference/a.ts", "../../../engine/core/base/units.ts"), false);
  assert.equal(may("test/model/reference/a.ts", "../../../engine/core/wire/a.ts", true), false);
  assert.equal(may("test/model/a.ts", "../../engine/core/wire/a.ts"), true);
  assert.equal(may("web/a.ts", "../lab/a.ts"), true);
  assert.equal(may("web/a.ts", "../engine/host/a.ts"), false);
  assert.equal(may("lab/a.ts", "../engine/agent/a.ts"), false);
  assert.equal(may("tools/a.ts", "../engine/agent/a.ts"), true);
  assert.equal(may("test/unit/a_test.ts", "fast-check"), true);
});

Deno.test("import-order refuses packages by address in every folder", () => {
  for (const specifier of ["npm:hono", "jsr:@std/path", "https://deno.land/x/a.ts"]) {
    assertFires("import-order", "tools/a.ts", `import "${specifier}";`);
  }
});

const LONG_BODY = "  f();\n".repeat(60);
const SHORT_BODY = "  f();\n".repeat(58);

Deno.test("long-function wants a reason just above a function of more than 60 lines", () => {
  assertSilent("long-function", "a.ts", `function a() {\n${SHORT_BODY}}\n`);
  for (
    const source of [
      `function a() {\n${LONG_BODY}}\n`,
      `class A {\n  a() {\n${LONG_BODY}}\n}\n`,
      `const a = () => {\n${LONG_BODY}};\n`,
      `Deno.test("a", () => {\n${LONG_BODY}});\n`,
      `// Long because: it was\nf();\nfunction a() {\n${LONG_BODY}}\n`,
      `// Long because:\nfunction a() {\n${LONG_BODY}}\n`,
    ]
  ) assertFires("long-function", "a.ts", source);
  for (
    const source of [
      `// Long because: one table\nfunction a() {\n${LONG_BODY}}\n`,
      `/**\n * A.\n */\n// Long because: one\n// table\nexport function a() {\n${LONG_BODY}}\n`,
      `class A {\n  // Long because: one table\n  a() {\n${LONG_BODY}}\n}\n`,
      `// Long because: one table\nDeno.test({\n  name: "ä → 😀",\n}, () => {\n${LONG_BODY}});\n`,
    ]
  ) assertSilent("long-function", "a.ts", source);
});

const HEADER = "/**\n * What it is for.\n *\n * @module\n */\n\n";

Deno.test("documented wants every file to open with what it is for", () => {
  assertSilent("documented", "tools/a.ts", `${HEADER}export const a = 1;`);
  assertSilent("documented", "tools/a.ts", `#!/usr/bin/env deno\n${HEADER}f();`);
  assertFires("documented", "tools/a.ts", "export const a = 1;");
  assertFires("documented", "tools/a.ts", "/** Not a header. */\nexport const a = 1;");
  assertFires("documented", "tools/a.ts", `import "./b.ts";\n${HEADER}`);
});

Deno.test("documented wants a comment on every export of the libraries", () => {
  const fires = (source: string) => assertFires("documented", CORE_FILE, HEADER + source);
  const silent = (source: string) => assertSilent("documented", CORE_FILE, HEADER + source);
  fires("export const a = 1;");
  fires("export function a() {}");
  fires("export class A {}");
  fires("export interface A {}");
  fires("export type A = 1;");
  fires("// A remark.\nexport const a = 1;");
  fires("/* A remark. */\nexport const a = 1;");
  fires("const a = 1;\nexport { a };");
  fires("/** A. */\nexport const a = 1;\nexport const b = 1;");
  silent("/** A. */\nexport const a = 1;");
  silent(
    "/** A. */\n// deno-lint-ignore no-explicit-any -- the world's type\nexport type A = any;",
  );
  silent("/** A: ä → 😀. */\nexport class A {}\n/** B. */\nexport class B {}");
  silent(
    "/** A. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;\nexport function a() {}",
  );
  silent('export { a } from "./a.ts";\nexport type { B } from "./b.ts";');
  silent("/** A. */\nconst a = 1;\nexport { a };");
  assertSilent("documented", "test/unit/a_test.ts", `${HEADER}export const a = 1;`);
});

Deno.test("documented refuses exports without a name", () => {
  assertFires("documented", CORE_FILE, `${HEADER}export default 1;`);
  assertSilent("documented", "tools/lint/plugin.ts", `${HEADER}export default 1;`);
});

Deno.test("skip-with-reason refuses skips that give none, and exclusive tests", () => {
  for (
    const source of [
      'Deno.test.ignore("a", () => {});',
      'Deno.test.only("a", () => {});',
      'Deno.test({ name: "a", ignore: true, fn() {} });',
      'Deno.test({ name: "a", ignore: Deno.build.os !== "linux", fn() {} });',
      'Deno.test({ name: "a", only: true, fn() {} });',
    ]
  ) {
    assertFires("skip-with-reason", "test/unit/a_test.ts", source);
    assertSilent("skip-with-reason", "test/needs.ts", source);
  }
  assertSilent("skip-with-reason", "test/unit/a_test.ts", 'Deno.test({ name: "a", fn() {} });');
});
