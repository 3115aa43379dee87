/**
 * Points through the program: what is said at enable of the storage they need, list, show, export.
 *
 * @module
 */

import assert from "node:assert/strict";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { type JsonObject, Place, refusal, until, value, warmsite } from "./warmsite.ts";

const MIB = 1024 * 1024;

Deno.test("a point is shown, and exported as the files that its disks were", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await place.serve(a);
  const replica = await place.serve(b);
  const disk = place.image("db.raw", 4 * MIB);
  const added = await value("vm", "add", "db", "--data", a, "--disk", disk);
  const to = ["--data", a, "--to", replica.listen, "--frequency", "1h"];
  const refused = await refusal(2, "replication", "enable", "db", ...to, "--retention", "often");
  assert.equal(refused["code"], "bad-argument");
  const enabled = await warmsite([
    ...["replication", "enable", "db", ...to, "--retention", "all 2h, hourly 1d, daily 30d"],
  ]);
  assert.match(enabled.out, /The replica will need up to .*nothing measured yet/);
  await value("replication", "start", "db", "--data", a);
  await until(
    () => value("replication", "status", "db", "--data", a),
    ({ state }) => state === "Replicating",
  );
  const client = await NbdClient.connect(added["disks"][0]["uri"]);
  await client.write(4096, new Uint8Array(4096).fill(7), { fua: true });
  await client.disconnect();
  const { point } = await value("replication", "cycle", "db", "--data", a);
  await until(
    () => value("points", "show", "db", "--data", b, "--point", point),
    ({ applied }) => applied === true,
  );
  const points = await value("points", "list", "db", "--data", b) as unknown as JsonObject[];
  const shown = await warmsite(["points", "show", "db", "--data", b, "--point", point.slice(0, 8)]);
  assert.match(shown.out, new RegExp(`point +${point}`));
  for (const [index, { id }] of points.entries()) {
    const out = `${a}/../point-${index}`;
    const command = ["db", "--data", b, "--point", id, "--out", out];
    const exported = await value("points", "export", ...command);
    assert.equal(exported["verified"], true);
    const image = Deno.readFileSync(`${out}/disk-0.raw`);
    assert.equal(image.length, 4 * MIB);
    assert.equal(image[4096], id === point ? 7 : 0);
    const manifest = JSON.parse(Deno.readTextFileSync(`${out}/manifest.json`));
    assert.equal(manifest["point"]["id"], id);
    assert.equal((await refusal(1, "points", "export", ...command))["code"], "exists");
  }
  assert.deepEqual(
    Deno.readFileSync(`${a}/../point-${points.length - 1}/disk-0.raw`),
    Deno.readFileSync(disk),
  );
});
