/**
 * `deno task lab`, which `npm start` is: a drill, a verdict, a server until it is told to end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FIRE, Place, ROOT, run } from "./program.ts";

const MAIN = "tools/lab/main.ts";

/** A lab that has said that it is ready. */
interface ReadyLab {
  readonly child: Deno.ChildProcess;
  readonly url: string;
  /** What it wrote before. */
  readonly said: string;
  /** Ends with all that it wrote to standard error. */
  readonly errors: Promise<string>;
  /** Reads the rest of its standard output. */
  drain(): Promise<string>;
}

/** Starts a lab and waits until it is ready. */
async function start(args: readonly string[], env: Record<string, string>): Promise<ReadyLab> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${ROOT}${MAIN}`, ...args],
    env: { INIT_CWD: "", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const drain = async () => {
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    return rest;
  };
  let said = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`It ended before it was ready:\n${said}${await errors}`);
    said += value;
    const ready = /^Lab ready at (http:\S+)$/m.exec(said);
    if (ready !== null) return { child, url: ready[1]!, said, errors, drain };
  }
}

/** Sends `signal` and gives the exit code. */
async function end({ child, drain, errors }: ReadyLab, signal: Deno.Signal): Promise<number> {
  child.kill(signal);
  await drain();
  await errors;
  return (await child.status).code;
}

// Long because: each step needs the lab that the one before left.
Deno.test("the lab plays a drill, serves its page and runs until it is told to end, and keeps what it answered as stored", async (t) => {
  using place = new Place();
  const args = ["--port", "0", "--data", "data"];
  const env = { INIT_CWD: place.folder };
  const lab = await start(args, env);
  let interrupted = "";

  await t.step("it says when it is ready, and serves page and library", async () => {
    assert.match(lab.said, /^Drill: .+\n\nPassed[^\n]*: .+/);
    assert.match(lab.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const page = await fetch(lab.url);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<!doctype html>/i);
    const { items } = await (await fetch(`${lab.url}/api/library`)).json();
    assert.ok(items.some(({ name }: { name: string }) => name === "site-fire"));
    assert.ok(Deno.statSync(place.path("data/lab.sqlite")).isFile);
  });

  await t.step(
    "a run is followed to its end, and its report downloaded in every form",
    async () => {
      const begun = await post(`${lab.url}/api/runs`, { text: FIRE, seed: 4 });
      const stream = await fetch(`${lab.url}/api/runs/${begun["id"]}/events`);
      const text = await stream.text();
      const last = JSON.parse(/event: end\ndata: (.*)/.exec(text)![1]!);
      assert.equal(last.state, "done", text);
      assert.match(last.verdict, /^passed/);
      for (const [form, type, like] of FORMS) {
        const report = await fetch(`${lab.url}/api/runs/${begun["id"]}/${form}`);
        assert.equal(report.status, 200);
        assert.match(report.headers.get("content-type")!, type);
        assert.match(await report.text(), like);
      }
      const json = await (await fetch(`${lab.url}/api/runs/${begun["id"]}/report.json`)).json();
      Deno.writeTextFileSync(place.path("fire.yaml"), FIRE);
      const { out } = await run("lab/cli/main.ts", ["fire.yaml", "--seed", "4", "--json"], env);
      assert.equal(json["traceHash"], JSON.parse(out)["traceHash"], "the run of the command line");
      assert.ok(json["provenance"].link.startsWith(`${lab.url}/#v=`));
    },
  );

  await t.step("a client that goes away is not told any more", async () => {
    const begun = await post(`${lab.url}/api/runs`, { text: longDrill() });
    interrupted = String(begun["id"]);
    const leave = new AbortController();
    const { signal } = leave;
    const stream = await fetch(`${lab.url}/api/runs/${interrupted}/events`, { signal });
    const reader = stream.body!.getReader();
    await reader.read();
    const followers = async () => (await (await fetch(`${lab.url}/healthz`)).json()).followers;
    assert.equal(await followers(), 1);
    leave.abort();
    await readToEnd(reader);
    while (await followers() > 0) await new Promise((go) => setTimeout(go, 20));
  });

  await t.step("neither a run under way nor who follows it keeps it from ending", async () => {
    const stream = await fetch(`${lab.url}/api/runs/${interrupted}/events`);
    const reader = stream.body!.getReader();
    await reader.read();
    const gone = readToEnd(reader);
    const started = performance.now();
    assert.equal(await end(lab, "SIGINT"), 0);
    assert.ok(performance.now() - started < 10_000, "it ended in time");
    await gone;
  });

  await t.step("killed in between, it keeps what it answered as stored", async () => {
    const killed = await start(args, env);
    const shown = await (await fetch(`${killed.url}/api/runs/${interrupted}`)).json();
    assert.deepEqual([shown.state, shown.problem?.code], ["failed", "interrupted"]);
    const saved = await post(`${killed.url}/api/scenarios/site-fire/fork`, { name: "mine" });
    await end(killed, "SIGKILL");
    const again = await start(args, env);
    const found = await (await fetch(`${again.url}/api/scenarios/mine`)).json();
    assert.equal(await end(again, "SIGTERM"), 0);
    assert.deepEqual(found, saved);
    assert.equal(saved["name"], "mine");
  });
});

const FORMS = [
  ["report.html", /^text\/html/, /^<!doctype html>/i],
  ["report.json", /^application\/json/, /"traceHash"/],
  ["report.csv", /^text\/csv/, /,/],
  ["report.md", /^text\/markdown/, /^#/],
  ["report.xml", /^application\/xml/, /<testsuite/],
  ["series.csv", /^text\/csv/, /,/],
] as const;

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await response.json();
}

/** A drill that takes longer than the test. */
function longDrill(): string {
  return FIRE.replace(/^end:.*$/m, "end: 2d");
}

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The server went away, which is what this waits for.
  }
}

Deno.test("with --once it ends after the verdict", async () => {
  const { code, out, err } = await run(MAIN, ["--once"]);
  assert.equal(code, 0, out + err);
  assert.match(out, /\nPassed/);
  assert.doesNotMatch(out, /Lab ready/);
});

Deno.test("a port that is taken, a folder that is none and words that make no sense are said", async () => {
  using place = new Place();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = await run(MAIN, ["--port", String(listener.addr.port), "--data", place.folder]);
  listener.close();
  assert.equal(taken.code, 2);
  assert.match(taken.err, /Port \d+ is taken\n {2}\S/);
  Deno.writeTextFileSync(place.path("file"), "");
  const denied = await run(MAIN, ["--port", "0", "--data", place.path("file")]);
  assert.equal(denied.code, 1);
  assert.match(denied.err, /Nothing can be stored in .*\n {2}\S/);
  for (const args of [["--port", "x"], ["--port", "70000"], ["now"], ["--prot", "1"]]) {
    assert.equal((await run(MAIN, args)).code, 2, args.join(" "));
  }
});

Deno.test("a user without a place to write to gets the lab all the same, and is told", async () => {
  const lab = await start(["--port", "0"], { XDG_STATE_HOME: "/proc/nowhere" });
  try {
    const saved = await post(`${lab.url}/api/scenarios/site-fire/fork`, { name: "mine" });
    assert.equal(saved["name"], "mine");
  } finally {
    assert.equal(await end(lab, "SIGINT"), 0);
  }
  assert.match(await lab.errors, /is gone when the lab ends/);
});
