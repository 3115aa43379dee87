/**
 * Bad input at the program's door: one clear error that says what to do, and nothing lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { Place, refusal, RunningServer, value, warmsite } from "./warmsite.ts";

const MIB = 1024 * 1024;

Deno.test("a second server on one data folder is refused and disturbs nothing", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const first = await place.serve(a);
  const error = await refusal(1, "serve", "--data", a);
  assert.equal(error["code"], "locked");
  assert.match(error["message"], new RegExp(`process ${first.pid}`));
  assert.match(error["action"], /Stop that one/);
  assert.deepEqual(await value("vm", "list", "--data", a), []);
});

Deno.test("a name with ../ or a slash is refused by every verb", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  await place.serve(a);
  const image = place.image("x.raw", MIB);
  for (const name of ["../x", "a/b", "..", "", " ", "x".repeat(65)]) {
    const error = await refusal(2, "vm", "add", name, "--data", a, "--disk", image);
    assert.ok(["bad-name", "bad-argument"].includes(error["code"]), error["code"]);
    await refusal(2, "points", "list", name, "--data", a);
    await refusal(2, "failover", "start", name, "--data", a);
  }
  const names = [...Deno.readDirSync(place.folder)].map((entry) => entry.name).sort();
  assert.deepEqual(names, ["a", "ca", "x.raw"]);
});

Deno.test("disks that cannot be: no multiple of the block size, absent, empty, a folder", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  await place.serve(a);
  const add = ["vm", "add", "x", "--data", a, "--disk"];
  const odd = await refusal(2, ...add, place.image("odd.raw", MIB + 512));
  assert.match(odd["message"], /odd\.raw/);
  assert.match(odd["message"] + odd["action"], /multiple/);
  const absent = await refusal(1, ...add, place.path("absent.raw"));
  assert.equal(absent["code"], "not-found");
  await refusal(2, ...add, place.image("empty.raw", 0));
  await refusal(2, ...add, place.path("a"));
  const good = place.image("good.raw", MIB);
  const twice = await refusal(2, ...add, good, "--disk", good);
  assert.equal(twice["code"], "bad-argument");
  assert.deepEqual(await value("vm", "list", "--data", a), []);
  await value(...add, good);
  const taken = await refusal(1, "vm", "add", "y", "--data", a, "--disk", good);
  assert.equal(taken["code"], "exists");
});

Deno.test("a home whose socket's path would be too long is refused before it is made", async () => {
  await using place = new Place();
  const data = place.path("d".repeat(60), "e".repeat(60));
  const init = ["init", "--data", data, "--name", "a", "--listen", "127.0.0.1:0"];
  const error = await refusal(2, ...init);
  assert.equal(error["code"], "bad-argument");
  assert.match(error["message"], /at most 107 bytes/);
  assert.match(error["action"], /shorter path/);
  assert.throws(() => Deno.statSync(place.path("d".repeat(60))), Deno.errors.NotFound);
  // A home that was made elsewhere and moved: neither its server nor its commands can use a socket.
  const [a] = await place.homes("a") as [string];
  Deno.mkdirSync(place.path("d".repeat(60)));
  Deno.renameSync(a, data);
  for (const command of [["serve"], ["vm", "list"]]) {
    const moved = await refusal(2, ...command, "--data", data);
    assert.match(moved["message"], /at most 107 bytes/);
  }
});

Deno.test("a home is not made twice, nor in a folder with other things", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const key = Deno.readTextFileSync(`${a}/tls/key.pem`);
  const init = (data: string) => ["init", "--data", data, "--name", "a", "--listen", "127.0.0.1:0"];
  assert.equal((await refusal(1, ...init(a)))["code"], "exists");
  assert.equal(Deno.readTextFileSync(`${a}/tls/key.pem`), key);
  assert.equal((await refusal(1, ...init(place.folder)))["code"], "exists");
  assert.equal((await refusal(1, "pki", "ca", "--out", place.path("ca")))["code"], "exists");
  const mode = (path: string) => Deno.statSync(path).mode! & 0o777;
  assert.deepEqual([mode(a), mode(`${a}/tls/key.pem`)], [0o700, 0o600]);
});

Deno.test("settings that make no sense are named, and NBD is not offered to everybody", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const settings = Deno.readTextFileSync(`${a}/settings.json`);
  for (const text of ["", "{", '{"version":2}', '{"version":1,"name":"../a","listen":"h:1"}']) {
    Deno.writeTextFileSync(`${a}/settings.json`, text);
    const error = await refusal(1, "serve", "--data", a);
    assert.equal(error["code"], "damaged");
    assert.match(error["message"], /settings\.json/);
  }
  Deno.writeTextFileSync(`${a}/settings.json`, settings);
  const open = await refusal(2, "serve", "--data", a, "--nbd-tcp", "0.0.0.0:0");
  assert.match(open["message"], /everybody who reaches it/);
  const server = await place.serve(a, "--nbd-tcp", "127.0.0.1:0");
  await value("vm", "add", "x", "--data", a, "--disk", place.image("x.raw", MIB));
  const [, tcp] = server.ready["nbd"] as string[];
  const client = await NbdClient.connect(tcp!.replace("VM", "x"));
  assert.equal(client.size, MIB);
  await client.disconnect();
});

Deno.test("a port that is taken, and files in the place of sockets, are told as such", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  const { listen } = await place.serve(a);
  const settings = { version: 1, name: "b", listen };
  Deno.writeTextFileSync(`${b}/settings.json`, JSON.stringify(settings));
  const busy = await refusal(1, "serve", "--data", b);
  assert.match(busy["message"], /port is in use/);
  Deno.writeTextFileSync(
    `${b}/settings.json`,
    JSON.stringify({ ...settings, listen: "127.0.0.1:0" }),
  );
  Deno.writeTextFileSync(`${b}/nbd.sock`, "precious");
  assert.equal((await refusal(1, "serve", "--data", b))["code"], "exists");
  assert.equal(Deno.readTextFileSync(`${b}/nbd.sock`), "precious");
});

Deno.test("sockets that a killed server left do not keep the next one from starting", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const killed = await RunningServer.start(a);
  await killed.end("SIGKILL");
  assert.ok(Deno.lstatSync(`${a}/warmsite.sock`).isSocket);
  assert.ok(Deno.lstatSync(`${a}/nbd.sock`).isSocket);
  const gone = await refusal(3, "vm", "list", "--data", a);
  assert.equal(gone["code"], "no-server");
  await place.serve(a);
  assert.deepEqual(await value("vm", "list", "--data", a), []);
});

Deno.test("requests that are no JSON, too long or for nothing are answered, and the server lives", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  await place.serve(a);
  const client = Deno.createHttpClient({
    proxy: { transport: "unix", path: `${a}/warmsite.sock` },
  });
  const post = async (path: string, body: string) => {
    const response = await fetch(`http://warmsite${path}`, { method: "POST", body, client });
    return { status: response.status, code: (await response.json()).error?.code };
  };
  assert.deepEqual(await post("/v1/verbs/vm/list", "{"), { status: 400, code: "bad-argument" });
  assert.deepEqual(await post("/v1/verbs/vm/list", "[]"), { status: 400, code: "bad-argument" });
  assert.deepEqual(
    await post("/v1/verbs/vm/list", " ".repeat(2 * MIB)),
    { status: 400, code: "bad-argument" },
  );
  assert.deepEqual(
    await post("/v1/verbs/constructor", "{}"),
    { status: 400, code: "bad-argument" },
  );
  assert.deepEqual(await post("/elsewhere", "{}"), { status: 404, code: "not-found" });
  assert.deepEqual(await post("/v1/verbs/vm/list", "{}"), { status: 200, code: undefined });
  const relative = await fetch("http://warmsite/v1/verbs/vm/add", {
    method: "POST",
    body: JSON.stringify({ vm: "x", disks: ["x.raw"] }),
    client,
  });
  const { error, exitCode } = await relative.json();
  assert.deepEqual([error.code, exitCode], ["bad-argument", 2]);
  assert.match(error.message, /begins with "\/"/);
  const table = await fetch("http://warmsite/v1/verbs", { client });
  const { result } = await table.json();
  assert.ok(result.some(({ verb }: { verb: string }) => verb === "failover start"));
  client.close();
  assert.equal((await warmsite(["vm", "list", "--data", a])).code, 0);
});
