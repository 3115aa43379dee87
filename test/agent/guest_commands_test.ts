/**
 * The administrator's commands on real servers: shell scripts that write down what they got.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { Place, refusal, value, warmsite } from "./warmsite.ts";

const MIB = 1024 * 1024;

/** Whether a process runs: one that waits for its parent to take note of its end does not. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

// Long because: one machine is failed over, told to stop, refused and completed, in that order.
Deno.test("commands get the machine, its disks and the point, and what they do counts", async () => {
  await using place = new Place();
  const [one, two] = await place.homes("one", "two") as [string, string];
  const image = place.image("db.img", 4 * MIB);
  await place.serve(one);
  const second = await place.serve(two);
  const vm = (verb: string, data: string, ...args: string[]) =>
    value(...verb.split(" "), "db", "--data", data, ...args);
  await vm("vm add", one, "--disk", image);
  await vm("replication enable", one, "--to", second.listen, "--frequency", "1h", "--start", "no");
  await vm("replication start", one);
  const { point } = await vm("replication cycle", one);

  const told = place.path("told");
  const tell = `env | grep ^WARMSITE_ | sort > ${told}.$WARMSITE_ACTION`;
  const set = await vm(
    "replication set",
    two,
    "--start",
    tell,
    "--stop",
    tell,
    "--status",
    "false",
  );
  assert.deepEqual(set["commands"], { start: tell, stop: tell, status: "false" });
  const started = await vm("failover start", two);
  assert.deepEqual([started["started"], started["startFailure"]], [true, null]);
  const uri = started["disks"][0].uri;
  const heard = () => readFileSync(`${told}.start`, "utf8").trim().split("\n");
  assert.deepEqual(heard(), [
    "WARMSITE_ACTION=start",
    `WARMSITE_POINT=${point}`,
    `WARMSITE_URIS=${uri}`,
    `WARMSITE_URI_0=${uri}`,
    "WARMSITE_VM=db",
  ]);
  const off = await refusal(1, "failover", "complete", "db", "--data", two);
  assert.equal(off["code"], "hypervisor");
  assert.match(off["message"], /status "db" failed with status 1: it printed nothing/);
  await vm("failover cancel", two);
  assert.ok(existsSync(`${told}.stop`));

  // A command that fails, one that prints without end, and none at all.
  await vm(
    "replication set",
    two,
    "--start",
    "echo the host is full >&2; exit 7",
    "--stop",
    "none",
  );
  const failed = await vm("failover start", two);
  assert.equal(failed["started"], false);
  assert.match(failed["startFailure"], /failed with status 7: the host is full\. Run it by hand/);
  await vm("replication set", two, "--status", "yes | head -c 9000000; exit 1");
  const loud = await refusal(1, "failover", "complete", "db", "--data", two);
  assert.ok(loud["message"].length < 700);
  await vm("replication set", two, "--status", "echo stopped");
  await vm("failover complete", two);
  const text = await warmsite(["replication", "status", "db", "--data", two]);
  assert.match(text.out, /^Commands +start, status$/m);
});

Deno.test("a command that hangs holds up no stop of the server, and ends with it", async () => {
  await using place = new Place();
  const [one, two] = await place.homes("one", "two") as [string, string];
  const image = place.image("db.img", MIB);
  await place.serve(one);
  const second = await place.serve(two);
  const vm = (verb: string, data: string, ...args: string[]) =>
    value(...verb.split(" "), "db", "--data", data, ...args);
  await vm("vm add", one, "--disk", image);
  await vm("replication enable", one, "--to", second.listen, "--frequency", "1h");
  await vm("replication start", one);
  await vm("replication cycle", one);
  const pid = place.path("pid");
  await vm("replication set", two, "--start", `sleep 300 & echo $! > ${pid}; wait`);
  const starting = warmsite(["failover", "start", "db", "--data", two, "--json"]);
  while (!existsSync(pid) || readFileSync(pid, "utf8") === "") {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const began = performance.now();
  const { code } = await second.end();
  assert.equal(code, 0, "it stopped in order");
  assert.ok(performance.now() - began < 15_000);
  assert.notEqual((await starting).code, 0);
  const sleeper = Number(readFileSync(pid, "utf8"));
  assert.ok(!runs(sleeper), "its children ended with it");
  // The failover stands, and its start can be caught up on by hand.
  await place.serve(two);
  const status = await vm("replication status", two);
  assert.equal(status["state"], "FailedOverWaitingCompletion");
});
