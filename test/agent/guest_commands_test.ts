/**
 * The administrator's commands on real servers: shell scripts that write down what they got.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { type JsonObject, Place, refusal, until, value, warmsite } from "./warmsite.ts";

const MIB = 1024 * 1024;

/** Whether a process runs: one that waits for its parent to take note of its end does not. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Runs a verb about the machine `db` at the server of a data folder. */
const vm = (verb: string, data: string, ...args: string[]) =>
  value(...verb.split(" "), "db", "--data", data, ...args);

/** Two servers, and a machine `db` at the first one that is replicated to the second, its first copy under way. */
async function stage(place: Place, size: number, ...options: string[]) {
  const [one, two] = await place.homes("one", "two") as [string, string];
  const image = place.image("db.img", size);
  const first = await place.serve(one);
  const second = await place.serve(two);
  const { disks } = await vm("vm add", one, "--disk", image);
  const enable = ["--to", second.listen, "--frequency", "1h", ...options];
  await vm("replication enable", one, ...enable);
  await vm("replication start", one);
  return { one, two, first, second, uri: disks[0].uri as string };
}

// Long because: one machine is failed over, told to stop, refused and completed, in that order.
Deno.test("commands get the machine, its disks and the point, and what they do counts", async () => {
  await using place = new Place();
  const { one, two } = await stage(place, 4 * MIB, "--start", "no");
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

Deno.test("a machine is moved only once its guest has left its disks and its command says that it is off (M48)", async () => {
  await using place = new Place();
  const { one, two, uri } = await stage(place, MIB);
  await vm("replication cycle", one);
  const guest = await NbdClient.connect(uri);
  /** Both verbs are refused, and the guest goes on where it is. */
  const refused = async (code: number, message: RegExp, action: RegExp) => {
    for (const verb of ["prepare", "planned"]) {
      const error = await refusal(code, "failover", verb, "db", "--data", one);
      assert.match(error["message"], message);
      assert.match(error["action"], action);
      const { role, state } = await vm("replication status", one);
      assert.deepEqual([role, state], ["primary", "Replicating"]);
    }
  };
  await refused(4, /A guest is attached to db\/0/, /Shut the machine down first/);
  const data = new Uint8Array(4096).fill(7);
  await guest.write(0, data, { fua: true });
  await guest.disconnect();
  for (
    const [status, code, message, action] of [
      ["echo running", 4, /"db" is running, says its status command/, /Shut the machine down/],
      ["echo maybe", 4, /does not say that "db" is stopped/, /prints "stopped"/],
      ["echo no such domain >&2; exit 1", 1, /status 1: no such domain/, /Run it by hand/],
    ] as const
  ) {
    await vm("replication set", one, "--status", status);
    await refused(code, message, action);
    const again = await NbdClient.connect(uri);
    assert.deepEqual(await again.read(0, 4096), data);
    await again.disconnect();
  }
  await vm("replication set", one, "--status", "echo stopped");
  await vm("failover planned", one);
  const there = await NbdClient.connect((await vm("replication status", two))["disks"][0].uri);
  assert.deepEqual(await there.read(0, 4096), data);
  await there.disconnect();
});

Deno.test("a command that hangs holds up no stop of the server, and ends with it", async () => {
  await using place = new Place();
  const { one, two, second } = await stage(place, MIB);
  await vm("replication cycle", one);
  const pid = place.path("pid");
  await vm("replication set", two, "--start", `sleep 300 & echo $! > ${pid}; wait`);
  const starting = warmsite(["failover", "start", "db", "--data", two, "--json"]);
  while (!existsSync(pid) || readFileSync(pid, "utf8") === "") {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // A stop that waits for what does not end gives up, and says so by another code (E2).
  const { code } = await second.end();
  assert.equal(code, 0, "it stopped in order");
  assert.notEqual((await starting).code, 0);
  const sleeper = Number(readFileSync(pid, "utf8"));
  assert.ok(!runs(sleeper), "its children ended with it");
  // The failover stands, and its start can be caught up on by hand.
  await place.serve(two);
  const status = await vm("replication status", two);
  assert.equal(status["state"], "FailedOverWaitingCompletion");
});

Deno.test("a guest is frozen before the cut and thawed behind it, and a freeze that breaks is told", async () => {
  await using place = new Place();
  const log = place.path("log");
  const frozen = place.path("frozen");
  const commands = [
    ...["--freeze", `echo freeze >> ${log}; touch ${frozen}`],
    ...["--thaw", `echo thaw >> ${log}; rm ${frozen} || exit 3`],
  ];
  const { one, two } = await stage(place, MIB, "--app-consistent", "4h", ...commands);
  await vm("replication cycle", one);
  const asked = await vm("replication cycle", one, "--app-consistent");
  assert.equal(asked["kind"], "application-consistent");
  assert.match(readFileSync(log, "utf8"), /^(freeze\nthaw\n)+$/);
  const kinds = (await value("points", "list", "db", "--data", two) as unknown as JsonObject[])
    .map(({ kind }) => kind);
  assert.equal(kinds.at(-1), "application-consistent");

  await vm("replication set", one, "--freeze", `echo broken >> ${log}`);
  const broken = await refusal(1, "replication", "cycle", "db", "--app-consistent", "--data", one);
  assert.equal(broken["code"], "hypervisor");
  assert.match(broken["message"], /is crash-consistent only: .*was not frozen any more/);
  const status = await vm("replication status", one);
  assert.deepEqual([status["health"], status["appConsistentFailed"]], ["Warning", 1]);
  assert.match(status["lastAppConsistent"], /^\d{4}-/);
  assert.ok(!existsSync(frozen));
});

Deno.test("a server that is killed while the guest is frozen thaws it at its next start", async () => {
  await using place = new Place();
  const { one, first } = await stage(place, MIB);
  const frozen = place.path("frozen");
  await vm("replication cycle", one);
  const thaw = `rm ${frozen} || exit 3`;
  await vm("replication set", one, "--freeze", `touch ${frozen}; sleep 50`, "--thaw", thaw);
  const cycle = warmsite(["replication", "cycle", "db", "--app-consistent", "--data", one]);
  await until(() => Promise.resolve(existsSync(frozen)), (there) => there);
  await first.end("SIGKILL");
  assert.notEqual((await cycle).code, 0);
  assert.ok(existsSync(frozen), "nobody has thawed it yet");
  const again = await place.serve(one);
  await until(() => Promise.resolve(existsSync(frozen)), (there) => !there);

  // In order: it thaws before it stops.
  const stopped = warmsite(["replication", "cycle", "db", "--app-consistent", "--data", one]);
  await until(() => Promise.resolve(existsSync(frozen)), (there) => there);
  assert.equal((await again.end()).code, 0);
  assert.ok(!existsSync(frozen));
  await stopped;
});

// Long because: tests are made, looked at, written on and deleted beside one guest.
Deno.test("a failover is tested under load, by commands, and leaves nothing", async () => {
  await using place = new Place();
  const { one, two, uri: own } = await stage(place, 2 * MIB);
  const guest = await NbdClient.connect(own);
  await guest.write(0, new Uint8Array(4096).fill(1));
  const { point } = await vm("replication cycle", one);
  await guest.write(0, new Uint8Array(4096).fill(2));
  await vm("replication cycle", one);
  const folder = `${two}/replicas/db`;
  // Statistics are saved once a minute, test or none.
  const files = () =>
    [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((name) => name !== "statistics.json").sort();
  const before = files();

  const told = place.path("told");
  const tell = `env | grep ^WARMSITE_ | sort > ${told}.$WARMSITE_ACTION`;
  await vm("replication set", two, "--start", tell, "--stop", tell);
  const made = await vm("failover test", two, "--point", point);
  assert.deepEqual([made["vm"], made["testOf"], made["started"]], ["db - Test", "db", true]);
  const uri = made["disks"][0].uri;
  assert.deepEqual(readFileSync(`${told}.start`, "utf8").trim().split("\n"), [
    "WARMSITE_ACTION=start",
    `WARMSITE_POINT=${point}`,
    "WARMSITE_TEST=1",
    `WARMSITE_URIS=${uri}`,
    `WARMSITE_URI_0=${uri}`,
    "WARMSITE_VM=db - Test",
  ]);
  const other = await vm("failover test", two);
  assert.equal(other["vm"], "db - Test 2");
  const tests = await Promise.all(
    [uri, other["disks"][0].uri].map((each) => NbdClient.connect(each)),
  );
  const bytes = await Promise.all(tests.map((each) => each.read(0, 1)));
  assert.deepEqual(bytes.map(([byte]) => byte), [1, 2]);
  await tests[0]!.write(0, new Uint8Array(4096).fill(9));
  await guest.write(4096, new Uint8Array(4096).fill(3));
  await vm("replication cycle", one);
  await Promise.all(tests.map((each) => each.close()));
  await guest.close();
  const listed = await value("vm", "list", "--data", two) as unknown as JsonObject[];
  assert.deepEqual(listed.map(({ role }) => role), ["replica", "test", "test"]);
  for (const name of ["db - Test", "db - Test 2"]) {
    await vm("failover test", two, "--delete", name);
    assert.match(readFileSync(`${told}.stop`, "utf8"), new RegExp(`WARMSITE_VM=${name}\n`));
  }
  assert.deepEqual(files(), before);
  const gone = await refusal(2, "failover", "test", "db", "--delete", "db - Test", "--data", two);
  assert.match(gone["message"], /has no test failover/);
});
