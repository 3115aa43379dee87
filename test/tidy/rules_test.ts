/**
 * Each tidy rule finds what breaks it, and only that.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TIDY_RULES } from "../../tools/tidy/rules.ts";
import type { Source } from "../../tools/tidy/sources.ts";

/** How many places in files `path` → text break the rule whose claim begins with `claim`. */
function count(claim: string, files: Record<string, string>): number {
  const rules = TIDY_RULES.filter((rule) => rule.claim.startsWith(claim));
  assert.equal(rules.length, 1, `one rule begins with '${claim}'`);
  const sources: Source[] = Object.entries(files).map(([path, text]) => ({ path, text }));
  return rules[0]!.find(sources).length;
}

Deno.test("a file of more than 300 lines needs a reason near its top", () => {
  const long = "f();\n".repeat(301);
  const claim = "A file of more than";
  assert.equal(count(claim, { "a.ts": long }), 1);
  assert.equal(count(claim, { "a.rs": long }), 1);
  assert.equal(count(claim, { "a.ts": `${long}// Long because: one table\n` }), 1);
  assert.equal(count(claim, { "a.ts": `// Long because: one table\n${long}` }), 0);
  assert.equal(count(claim, { "a.ts": "f();\n".repeat(300), "a.md": long }), 0);
});

Deno.test("names of files and folders say what they hold", () => {
  const names = "Files are snake_case";
  for (const path of ["tools/aB.ts", "tools/a-b.ts", "tools/a_test.ts", "test/a.test.ts"]) {
    assert.equal(count(names, { [path]: "" }), 1, path);
  }
  for (const path of ["tools/a_b.ts", "test/unit/a_test.ts", "wasm/pkg.d.ts"]) {
    assert.equal(count(names, { [path]: "" }), 0, path);
  }
  const drawers = "No folder or file is a drawer";
  for (const path of ["engine/utils/a.ts", "lab/helper.ts", "engine/common/a.ts"]) {
    assert.equal(count(drawers, { [path]: "" }), 1, path);
  }
  assert.equal(count(drawers, { "engine/core/base/a.ts": "", "a/common_ancestor.ts": "" }), 0);
});

Deno.test("words that do not belong into the repository are found", () => {
  const later = "Nothing is left to do later";
  for (const word of ["TO" + "DO", "FIX" + "ME", "XX" + "X"]) {
    assert.equal(count(later, { "a.ts": `// ${word}: later` }), 1, word);
  }
  assert.equal(count(later, { "a.ts": "const todoList = 1;" }), 0);
  const alone = "The project speaks about itself";
  for (
    const text of [
      "see sha" + "red/reference/a",
      "see DESI" + "GN.md",
      "see refere" + "nce/qemu.md",
      "in /wor" + "k/main",
      "an earlier ses" + "sion",
      "by Clau" + "de",
      "an A" + "I assistant",
    ]
  ) assert.equal(count(alone, { "a.md": text }), 1, text);
  assert.equal(
    count(alone, { "a.md": "see docs/ARCHITECTURE.md, the reference and network/a" }),
    0,
  );
  assert.equal(count("No comment is a banner", { "a.ts": "// -----\nf();\n// === A ===" }), 2);
});

Deno.test("rules are silenced only by name and with a reason", () => {
  const claim = "A rule of lint or of types";
  const ignore = "deno-lint-" + "ignore";
  for (
    const text of [
      `// ${ignore} no-explicit-any`,
      `// ${ignore}-file`,
      `// ${ignore}-file no-explicit-any -- why`,
      "// @ts-" + "nocheck",
      "// @ts-" + "ignore why",
      "// @ts-" + "expect-error",
    ]
  ) assert.equal(count(claim, { "a.ts": text }), 1, text);
  for (
    const text of [
      `// The world types it.\n// ${ignore} no-explicit-any`,
      `// ${ignore} no-explicit-any -- why`,
      `  // ${ignore} require-yield`,
      "// @ts-" + "expect-error why",
    ]
  ) {
    assert.equal(count(claim, { "a.ts": text }), 0, text);
  }
});

Deno.test("versions are exact, locks name no registry, the root depends on nothing", () => {
  const claim = "Packages are pinned";
  const imports = (target: string) => ({ "deno.json": JSON.stringify({ imports: { a: target } }) });
  for (const target of ["npm:hono@^4.0.0", "npm:hono", "npm:hono@4", "jsr:@std/path@1.0.0"]) {
    assert.equal(count(claim, imports(target)), 1, target);
  }
  for (const target of ["npm:hono@4.13.19", "npm:/hono@4.13.19/", "npm:@a/b@1.0.0", "./a.ts"]) {
    assert.equal(count(claim, imports(target)), 0, target);
  }
  const scripts = { start: "", test: "" };
  const root = (manifest: unknown) => count(claim, { "package.json": JSON.stringify(manifest) });
  assert.equal(root({ scripts }), 0);
  assert.equal(root({ scripts: { ...scripts, build: "" } }), 1);
  assert.equal(root({ scripts, dependencies: { a: "1.0.0" } }), 1);
  const tool = (manifest: unknown) =>
    count(claim, { "tools/deno/package.json": JSON.stringify(manifest) });
  assert.equal(tool({ optionalDependencies: { a: "1.0.0" } }), 0);
  assert.equal(tool({ optionalDependencies: { a: "~1.0.0" } }), 1);
  const address = "https://registry.example/a.tgz";
  assert.equal(count(claim, { "deno.lock": `{"tarball": "${address}"}` }), 1);
  assert.equal(count(claim, { "tools/deno/package-lock.json": `{"resolved": "${address}"}` }), 2);
  assert.equal(count(claim, { "deno.lock": `{"npm": {}}` }), 0);
});

Deno.test("packages of tests and ids of rules exist", () => {
  const packages = "Every Debian package";
  const list = "# foreign\nfio  # load\n";
  const asks = (name: string) => ({
    "tools/packages.txt": list,
    "test/a_test.ts": `needs: [program("a", "${name}")]`,
  });
  assert.equal(count(packages, asks("fio")), 0);
  assert.equal(count(packages, asks("rsync")), 1);
  const reasons = "Every package has its reason";
  const imports = { imports: { "hono": "npm:hono@4.13.19", "hono/": "npm:/hono@4.13.19/" } };
  const explains = (page: string) =>
    count(reasons, { "deno.json": JSON.stringify(imports), "docs/ARCHITECTURE.md": page });
  assert.equal(explains("| `hono` | the API |"), 0);
  assert.equal(explains("| hono | the API |"), 1);
  const ids = "Every rule that code and tests cite";
  const cites = (text: string) => ({ "docs/ARCHITECTURE.md": "**T3** x. **R1** y.", "a.ts": text });
  assert.equal(count(ids, cites("// durable (T3), sealed (R1, T3), see (T3 and R1)")), 0);
  assert.equal(count(ids, cites("// sealed (R1, R2)")), 1);
  assert.equal(count(ids, cites("// sealed (T99)")), 1);
  assert.equal(count(ids, cites("f(T1Type, R2)")), 0);
});

Deno.test("a failure without an action is found, in the engine alone", () => {
  const claim = "Every failure says what to do";
  for (
    const line of [
      'return { code, side, message, action: "" };',
      'function refuse(message: string, action = "") {',
      "const action: string = ``;",
    ]
  ) {
    assert.equal(count(claim, { "engine/core/a.ts": line }), 1, line);
    assert.equal(count(claim, { "test/unit/a_test.ts": line }), 0, line);
  }
  assert.equal(count(claim, { "engine/core/a.ts": 'action: "Restart it", message: ""' }), 0);
});
