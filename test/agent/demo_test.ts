/**
 * The demo, as whoever looks at the project for the first time runs it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { condition, linux, program, root, testWithNeeds } from "../needs.ts";
import { oneValue, Place, refusal, until, warmsite } from "./warmsite.ts";

/** Runs the rest of its arguments where no e2fsck can be executed. */
const HIDE = "for each in /usr/local/sbin /usr/sbin /sbin /usr/bin /bin; do " +
  'if [ -x "$each/e2fsck" ]; then mount --bind /dev/null "$each/e2fsck" || exit 9; fi; done; exec "$@"';

testWithNeeds(
  {
    name: "the demo loses only what it says, proves it, and leaves nothing behind",
    needs: [program("mke2fs", "e2fsprogs")],
  },
  async () => {
    await using place = new Place();
    const result = await warmsite(["demo", "--json"], { env: { TMPDIR: place.folder } });
    assert.equal(result.code, 0, result.out + result.err);
    const verdict = oneValue(result);
    assert.equal(verdict["ok"], true);
    assert.deepEqual(verdict["differences"], []);
    assert.ok(verdict["inPoint"] >= verdict["promised"]);
    assert.ok(verdict["promised"] > 0, "the guest wrote before the last cycle");
    assert.equal(verdict["lostWrites"], verdict["acknowledged"] - verdict["inPoint"]);
    assert.ok(verdict["lostWrites"] > 0, "the guest wrote after the last cycle");
    assert.ok([0, 1].includes(verdict["fileSystem"].repair));
    assert.equal(verdict["fileSystem"].check, 0);
    assert.match(result.err, /Killed the primary/, "progress goes to standard error");
    assert.ok(verdict["seconds"] < 30, `it took ${verdict["seconds"]} s`);
    assert.deepEqual([...Deno.readDirSync(place.folder)], []);
  },
);

Deno.test("the demo never touches the image that it is given, and keeps what it is told to", async () => {
  await using place = new Place();
  const image = place.path("mine.raw");
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  Deno.writeFileSync(image, bytes);
  Deno.chmodSync(image, 0o444);
  const stamp = Deno.statSync(image).mtime;
  const kept = place.path("kept");
  const result = await warmsite(["demo", image, "--keep", kept]);
  assert.equal(result.code, 0, result.out + result.err);
  assert.match(result.out, /Verdict: the failover is right\./);
  assert.match(result.out, /not checked: the image is not an ext4 file system/);
  assert.deepEqual(Deno.readFileSync(image), bytes);
  assert.deepEqual(Deno.statSync(image).mtime, stamp);
  assert.ok(Deno.statSync(`${kept}/primary/settings.json`).isFile);
  assert.equal((await refusal(1, "demo", "--keep", kept))["code"], "exists");
  const deep = place.path("k".repeat(100), "kept");
  assert.match((await refusal(2, "demo", "--keep", deep))["message"], /at most 107 bytes/);
  assert.throws(() => Deno.statSync(place.path("k".repeat(100))), Deno.errors.NotFound);
  assert.ok(Deno.statSync(`${kept}/primary-disk-1.raw`).isFile, "the guest had a disk of its own");
  const odd = place.image("odd.raw", 5000);
  assert.equal((await refusal(2, "demo", odd))["code"], "bad-argument");
  assert.equal((await refusal(1, "demo", place.path("absent")))["code"], "not-found");
});

Deno.test("the demo ends with 1 when one byte of a disk is not what it was", async () => {
  await using place = new Place();
  const image = place.image("mine.raw", 131_072);
  // Whoever copies the image for the primary changes one byte of it: all that follows is faithful.
  const spoil = `/bin/cp "$@" || exit; case "$5" in *primary-disk-0.raw) ;; *) exit 0 ;; esac; ` +
    `printf X | dd of="$5" bs=1 seek=70000 conv=notrunc status=none`;
  const env = {
    TMPDIR: place.folder,
    PATH: falseProgram(place, "cp", spoil),
  };
  const result = await warmsite(["demo", image, "--json"], { env });
  assert.equal(result.code, 1, result.out + result.err);
  const verdict = oneValue(result);
  assert.equal(verdict["ok"], false);
  assert.ok(verdict["differences"].length > 0);
  for (const line of verdict["differences"]) assert.match(line, /^demo\/0: The block at 69632 /);
});

testWithNeeds(
  {
    name: "the demo ends with 1 when the file system is damaged",
    needs: [program("mke2fs", "e2fsprogs")],
  },
  async () => {
    await using place = new Place();
    // What it was before the demo is whole.
    const damaged = 'case "$2" in */checked.raw) exit 4 ;; esac';
    const env = { TMPDIR: place.folder, PATH: falseProgram(place, "e2fsck", damaged) };
    const result = await warmsite(["demo"], { env });
    assert.equal(result.code, 1, result.out + result.err);
    assert.match(result.out, /WRONG: the file system is damaged \(e2fsck -p ended with 4, /);
    assert.match(result.out, /Verdict: the failover is WRONG\./);
  },
);

testWithNeeds(
  {
    name:
      "without e2fsck the demo plays on bytes, says that the check is left out, and ends with 0",
    needs: [linux, root, condition("leave to hide a program (unshare -m)", canHide)],
  },
  async () => {
    await using place = new Place();
    const main = fileURLToPath(new URL("../../engine/agent/main.ts", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", HIDE, "sh", Deno.execPath(), "run", "--quiet", "-A", main, "demo"],
      env: { TMPDIR: place.folder },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const [out, errors] = [decoder.decode(stdout), decoder.decode(stderr)];
    assert.equal(code, 0, out + errors);
    assert.match(
      out,
      /No file system, and no check of one: .*e2fsck not found \(package e2fsprogs\)/,
    );
    assert.match(out, /File system: not checked: .*e2fsck not found/);
    assert.match(out, /Verdict: the failover is right\./);
  },
);

function canHide(): boolean {
  try {
    const args = ["-m", "sh", "-c", HIDE, "sh", "true"];
    return new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** A PATH on which `script` is called `name`, before all others. */
function falseProgram(place: Place, name: string, script: string): string {
  const folder = `${place.folder}/false`;
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}:${Deno.env.get("PATH") ?? ""}`;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`a demo that gets ${signal} ends its servers and removes its folder`, async () => {
    await using place = new Place();
    const { code, errors, servers } = await endInTheMiddle(place, signal);
    assert.equal(code, 1);
    assert.match(errors, /The demo was interrupted/);
    for (const pid of servers) assert.ok(!lives(pid), `process ${pid} is left`);
    assert.deepEqual([...Deno.readDirSync(place.folder)], []);
  });
}

Deno.test("the servers of a demo that is killed end by themselves", async () => {
  await using place = new Place();
  const { servers } = await endInTheMiddle(place, "SIGKILL");
  try {
    await until(() => Promise.resolve(servers.filter(lives)), (left) => left.length === 0);
  } finally {
    for (const pid of servers.filter(lives)) Deno.kill(Number(pid), "SIGKILL");
  }
});

/** Starts a demo and sends it `signal` once its guest writes; how it ended, and its servers' processes. */
async function endInTheMiddle(place: Place, signal: Deno.Signal) {
  const main = fileURLToPath(new URL("../../engine/agent/main.ts", import.meta.url));
  const demo = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", main, "demo"],
    env: { TMPDIR: place.folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(demo.stderr).text();
  let said = "";
  const servers: string[] = [];
  for await (const text of demo.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (servers.length > 0 || !said.includes("The guest writes")) continue;
    servers.push(...[...said.matchAll(/process (\d+)/g)].map((match) => match[1]!));
    demo.kill(signal);
  }
  assert.equal(servers.length, 2);
  return { code: (await demo.status).code, errors: await errors, servers };
}

/** Whether a process runs; one that has ended and that nobody waits for does not. */
function lives(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
