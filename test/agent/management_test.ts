/**
 * The management API as docs/AGENT.md tells of it: its examples are run as they stand there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { VERBS } from "../../engine/core/server/verbs.ts";
import { program, testWithNeeds } from "../needs.ts";
import { Place, value } from "./warmsite.ts";

const PAGE = new URL("../../docs/AGENT.md", import.meta.url);

testWithNeeds(
  { name: "the examples with curl in docs/AGENT.md work", needs: [program("curl", "curl")] },
  async () => {
    await using place = new Place();
    const [a] = await place.homes("a") as [string];
    await place.serve(a);
    const disk = place.image("db.raw", 1024 * 1024);
    await value("vm", "add", "db", "--data", a, "--disk", disk);
    const page = Deno.readTextFileSync(PAGE);
    const examples = page.split("\n")
      .filter((line) => line.startsWith("curl ")).map((line) => line.replace("DIR", a));
    assert.equal(examples.length, 2);
    const [table, status] = await Promise.all(examples.map(answerTo));
    assert.deepEqual(table.result.map(({ verb }: { verb: string }) => verb), Object.keys(VERBS));
    assert.deepEqual(status.result, await value("replication", "status", "db", "--data", a));
    await value("replication", "enable", "db", "--data", a, "--to", "127.0.0.1:1");
    const keys = Object.keys(await value("replication", "status", "db", "--data", a));
    for (const key of keys) assert.ok(page.includes(`\`${key}\``), `docs/AGENT.md has ${key}`);
    assert.equal((Deno.lstatSync(`${a}/warmsite.sock`).mode ?? 0) & 0o777, 0o600);
  },
);

/** What a line of a shell prints, as JSON. */
async function answerTo(line: string) {
  const shell = new Deno.Command("sh", { args: ["-c", line], stdin: "null", stderr: "null" });
  const { success, stdout } = await shell.output();
  assert.ok(success, line);
  return JSON.parse(new TextDecoder().decode(stdout));
}
