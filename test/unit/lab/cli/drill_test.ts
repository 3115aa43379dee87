/**
 * The command `drill`, apart from playing one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { drill } from "../../../../lab/cli/drill.ts";
import { Library } from "../../../../lab/server/library.ts";
import { scenarioText } from "../server/lab.ts";
import { RememberingTerminal } from "./terminal.ts";

/** A library of two scenarios, and a file that is none. */
async function inLibrary(work: (library: Library) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "warmsite-lab-" });
  try {
    for (const name of ["long-name", "fire"]) {
      Deno.writeTextFileSync(`${folder}/${name}.yaml`, scenarioText(name));
    }
    Deno.writeTextFileSync(`${folder}/broken.yaml`, "name: broken\n");
    await work(new Library(folder));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** How the command ends, and what it wrote. */
async function run(library: Library, ...args: string[]) {
  const terminal = new RememberingTerminal();
  return { code: await drill(args, terminal, library), ...terminal.written };
}

Deno.test("the library is listed, one line each, and as JSON", async () => {
  await inLibrary(async (library) => {
    const { code, out } = await run(library, "--list");
    assert.equal(code, 0);
    assert.equal(out, "fire       The site fire\nlong-name  The site long-name\n");
    const json = await run(library, "--list", "--json");
    assert.deepEqual(JSON.parse(json.out).map((one: { name: string }) => one.name), [
      "fire",
      "long-name",
    ]);
  });
});

Deno.test("the one that a wrong name is most like is offered, in words and in JSON", async () => {
  await inLibrary(async (library) => {
    const { code, out, err } = await run(library, "fier");
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /Did you mean "fire"\?/);
    const json = await run(library, "fier", "--json");
    assert.deepEqual([json.code, json.err], [2, ""]);
    assert.deepEqual(JSON.parse(json.out).error.code, "not-found");
  });
});

Deno.test("one of the library that is broken is shown with its places", async () => {
  await inLibrary(async (library) => {
    const { code, err } = await run(library, "broken");
    assert.equal(code, 2);
    assert.match(err, /^broken:1:1: .+\n {2}1 \| name: broken\n/);
  });
});
