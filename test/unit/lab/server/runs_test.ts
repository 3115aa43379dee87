/**
 * Runs on the lab's server: their order, their ends, and who follows them.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { DrillReport } from "../../../../lab/report/drill_report.ts";
import { END, RunQueue } from "../../../../lab/server/runs/run_queue.ts";
import { openDatabase } from "../../../../lab/server/storage/database.ts";
import { RUNS_KEPT, RunStore } from "../../../../lab/server/storage/run_store.ts";
import { scenarioText, TemporaryLab } from "./lab.ts";

const PROGRESS = { now: 5, end: 10, events: 100 };

/** As much of a report as the server looks at. */
function report(sentence: string): DrillReport {
  return { verdict: "passed", sentence, padding: "x".repeat(50_000) } as unknown as DrillReport;
}

/** Begins a run of the library's scenario; its id. */
async function begin(lab: TemporaryLab, body: object = { name: "burning" }): Promise<string> {
  return (await lab.value("POST", "/api/runs", body)).id;
}

/** Whole events of a stream, one by one. */
async function* eventsOf(response: Response) {
  assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = text.slice(0, end).split("\n").map((line) => line.split(/: (.*)/s));
      text = text.slice(end + 2);
      const event = Object.fromEntries(fields);
      yield { id: event["id"], event: event["event"], run: JSON.parse(event["data"]) };
    }
  }
}

Deno.test("a run is begun by text or by name, with its own seed or another one", async () => {
  using lab = new TemporaryLab();
  const text = `${scenarioText("mine")}seed: 7\n`;
  const response = await lab.ask("POST", "/api/runs", { text });
  assert.equal(response.status, 202);
  const run = await response.json();
  assert.equal(response.headers.get("location"), `/api/runs/${run.id}`);
  assert.deepEqual([run.name, run.seed, run.state], ["mine", 7, "running"]);
  assert.deepEqual(lab.drills[0]!.job, { text, seed: 7 });
  await lab.value("POST", "/api/scenarios", { text });
  const byName = await lab.value("POST", "/api/runs", { name: "mine", seed: 8 });
  assert.deepEqual([byName.seed, byName.state], [8, "waiting"]);
  const shown = await lab.ask("GET", `/api/runs/${byName.id}/scenario`);
  assert.equal(await shown.text(), text);
  const bodies = [{}, { text, name: "mine" }, { name: "x/y" }, { text, seed: -1 }, {
    text,
    seed: 2 ** 53,
  }];
  for (const body of bodies) await lab.refused(400, "POST", "/api/runs", body);
  assert.equal(
    (await lab.refused(404, "POST", "/api/runs", { name: "nobody" }))["code"],
    "not-found",
  );
  assert.equal(
    (await lab.refused(422, "POST", "/api/runs", { text: "no" }))["code"],
    "not-a-scenario",
  );
  for (
    const [method, path] of [["GET", ""], ["GET", "/events"], ["POST", "/cancel"], ["DELETE", ""]]
  ) {
    await lab.refused(404, method!, `/api/runs/${crypto.randomUUID()}${path}`);
    await lab.refused(400, method!, `/api/runs/no-id${path}`);
  }
});

Deno.test("so many run at once, others wait in order, and what comes on top is refused", async () => {
  using lab = new TemporaryLab();
  const [first, second, third] = [await begin(lab), await begin(lab), await begin(lab)];
  assert.equal((await lab.refused(429, "POST", "/api/runs", { name: "burning" }))["code"], "busy");
  assert.equal(lab.drills.length, 1);
  lab.drills[0]!.listener.done(report("All is well"));
  assert.equal(lab.drills.length, 2);
  lab.drills[1]!.listener.failed("it fell over");
  assert.equal(lab.drills.length, 3);
  const cancelled = await lab.value("POST", `/api/runs/${third}/cancel`);
  assert.equal(cancelled.state, "cancelled");
  assert.equal(lab.drills[2]!.stopped, true);
  const states = new Map<
    string,
    { state: string; problem: { code: string } | null; sentence: string }
  >(
    (await lab.value("GET", "/api/runs")).items.map((run: { id: string }) => [run.id, run]),
  );
  assert.deepEqual([...states.keys()], [third, second, first], "newest first");
  assert.equal(states.get(first)!.state, "done");
  assert.equal(states.get(first)!.sentence, "All is well");
  assert.equal(states.get(second)!.problem!.code, "worker-died");
  // A thread that was stopped says nothing that counts.
  lab.drills[2]!.listener.done(report("late"));
  assert.equal((await lab.value("GET", `/api/runs/${third}`)).state, "cancelled");
  assert.equal((await lab.value("POST", `/api/runs/${first}/cancel`)).state, "done");
});

Deno.test("a run that waits is cancelled without having begun, and one that is over can be forgotten", async () => {
  using lab = new TemporaryLab();
  const [first, second] = [await begin(lab), await begin(lab)];
  await lab.refused(409, "DELETE", `/api/runs/${second}`);
  await lab.value("POST", `/api/runs/${second}/cancel`);
  assert.equal(lab.drills.length, 1);
  assert.equal((await lab.ask("DELETE", `/api/runs/${second}`)).status, 204);
  await lab.refused(404, "GET", `/api/runs/${second}`);
  assert.equal((await lab.value("GET", `/api/runs/${first}`)).state, "running");
  const page = await lab.value("GET", "/api/runs?limit=1");
  assert.deepEqual([page.items.length, page.next], [1, null]);
});

Deno.test("there is a report once a run is done, and before, and where it failed, the reason why not", async () => {
  using lab = new TemporaryLab();
  const [first, second] = [await begin(lab), await begin(lab)];
  const refused = async (id: string, form: string) =>
    (await lab.refused(409, "GET", `/api/runs/${id}/${form}`))["message"];
  assert.match(await refused(first, "report.html"), /is running/);
  assert.match(await refused(second, "series.csv"), /is waiting/);
  lab.drills[0]!.listener.failed("it fell over");
  assert.match(await refused(first, "report.json"), /it fell over/);
  await lab.value("POST", `/api/runs/${second}/cancel`);
  assert.match(await refused(second, "report.xml"), /is cancelled/);
  const third = await begin(lab);
  lab.drills[2]!.listener.done({ ...report("Well"), seed: 1, engineHash: "0" });
  const got = await lab.ask("GET", `/api/runs/${third}/report.json`);
  assert.match(
    got.headers.get("content-disposition")!,
    /^attachment; filename="burning-report\.json"$/,
  );
  assert.match(got.headers.get("content-security-policy")!, /^default-src 'none'; style-src/);
  const { sentence, provenance } = await got.json();
  assert.equal(sentence, "Well");
  assert.equal(provenance.first, "");
  assert.equal(provenance.command, "sh tools/run drill burning --seed 1");
  assert.equal(provenance.scenario, scenarioText("burning"));
  assert.match(provenance.scenarioHash, /^[0-9a-f]{64}$/);
});

Deno.test("a report of what was saved, pasted or changed names a command for the text that it brings along", async () => {
  using lab = new TemporaryLab();
  for (const name of ["mine", "burning"]) {
    const text = `# Mine\n${scenarioText(name)}`;
    const id = await begin(lab, { text });
    lab.drills.at(-1)!.listener.done({ ...report("Well"), name, seed: 1, engineHash: "0" });
    const got = await lab.ask("GET", `/api/runs/${id}/report.json`);
    const { first, command, scenario } = (await got.json()).provenance;
    assert.equal(first, `Save the scenario at the end of this report as ${name}.yaml`);
    assert.equal(command, `sh tools/run drill ${name}.yaml --seed 1`);
    assert.equal(scenario, text);
  }
});

Deno.test("who follows a run is told how far it is and how it ends, and who comes again what follows", async () => {
  using lab = new TemporaryLab();
  const id = await begin(lab);
  const events = eventsOf(await lab.ask("GET", `/api/runs/${id}/events`));
  assert.equal((await events.next()).value!.run.state, "running");
  lab.drills[0]!.listener.progress(PROGRESS);
  const progress = (await events.next()).value!;
  assert.deepEqual([progress.event, progress.run.progress], ["progress", PROGRESS]);
  await events.return(undefined);
  await settled(() => lab.queue.load.followers === 0);

  const seen = { "last-event-id": progress.id };
  const again = eventsOf(await lab.ask("GET", `/api/runs/${id}/events`, undefined, seen));
  lab.drills[0]!.listener.progress({ ...PROGRESS, now: 9 });
  assert.equal((await again.next()).value!.run.progress.now, 9, "what was seen is not told again");
  lab.drills[0]!.listener.done(report("Well"));
  const end = (await again.next()).value!;
  assert.deepEqual([end.event, end.id, end.run.sentence], ["end", String(END), "Well"]);
  assert.equal((await again.next()).done, true, "the stream ends with the run");
  assert.equal(lab.queue.load.followers, 0);

  const late = eventsOf(await lab.ask("GET", `/api/runs/${id}/events`));
  assert.equal((await late.next()).value!.event, "end");
  assert.equal((await late.next()).done, true);
  const over = await lab.ask("GET", `/api/runs/${id}/events`, undefined, {
    "last-event-id": end.id,
  });
  assert.equal(over.status, 204, "a browser does not come again");
});

Deno.test("a client that does not read costs nothing while a run goes on", async () => {
  using lab = new TemporaryLab();
  const id = await begin(lab);
  const response = await lab.ask("GET", `/api/runs/${id}/events`);
  for (let now = 0; now < 10_000; now++) lab.drills[0]!.listener.progress({ ...PROGRESS, now });
  lab.drills[0]!.listener.done(report("Well"));
  const seen: string[] = [];
  for await (const { event } of eventsOf(response)) seen.push(event);
  assert.equal(seen.at(-1), "end");
  assert.ok(seen.length < 20, `${seen.length} events were kept for it`);
});

/** Lets what is under way come to its end. */
async function settled(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !done(); turn++) await new Promise((go) => setTimeout(go, 0));
  assert.ok(done());
}

Deno.test("a run whose report cannot be stored says so, and the one before keeps its own", async () => {
  using lab = new TemporaryLab();
  const [kept, lost] = [await begin(lab), await begin(lab)];
  lab.drills[0]!.listener.done(report("Kept"));
  const pages = Number(lab.database.prepare("PRAGMA page_count").get()!["page_count"]);
  lab.database.exec(`PRAGMA max_page_count = ${pages}`);
  const events = eventsOf(await lab.ask("GET", `/api/runs/${lost}/events`));
  await events.next();
  lab.drills[1]!.listener.done(report("Lost"));
  const end = (await events.next()).value!;
  assert.deepEqual([end.event, end.run.state, end.run.problem.code], [
    "end",
    "failed",
    "storage-full",
  ]);
  assert.equal((await lab.value("GET", `/api/runs/${lost}`)).problem.code, "storage-full");
  assert.equal((await lab.value("GET", "/api/runs")).items[0].problem.code, "storage-full");
  assert.equal((await lab.value("GET", `/api/runs/${kept}`)).sentence, "Kept");
});

Deno.test("runs that a server left behind are interrupted when it starts again", () => {
  const database = openDatabase(undefined);
  const store = new RunStore(database, "memory");
  const request = { name: "a", title: "A", text: "name: a", seed: 1 };
  const left = store.add(request);
  const done = store.add(request);
  store.settle({ ...done, state: "done", verdict: "passed", sentence: "S", ended: 1 }, report("S"));
  const queue = new RunQueue(store, () => () => {}, { atOnce: 1, waiting: 1, time: 1000 });
  assert.equal(queue.get(left.id).problem!.code, "interrupted");
  assert.equal(queue.get(done.id).state, "done");
  const under = queue.submit(request);
  queue.close();
  assert.equal(store.get(under.id)!.problem!.code, "interrupted");
  database.close();
});

Deno.test("the oldest runs that are over make room", () => {
  const database = openDatabase(undefined);
  const store = new RunStore(database, "memory");
  const request = { name: "a", title: "A", text: "name: a", seed: 1 };
  const waits = store.add(request);
  const over = store.add(request);
  store.settle({ ...over, state: "cancelled" }, undefined);
  for (let count = 0; count < RUNS_KEPT; count++) store.add(request);
  assert.equal(store.get(over.id), undefined);
  assert.ok(store.get(waits.id), "one that waits is never forgotten");
  database.close();
});

Deno.test("a run that takes too long is stopped", async () => {
  const database = openDatabase(undefined);
  const store = new RunStore(database, "memory");
  let stopped = false;
  const queue = new RunQueue(store, () => () => stopped = true, { atOnce: 1, waiting: 1, time: 5 });
  const { id } = queue.submit({ name: "a", title: "A", text: "name: a", seed: 1 });
  await new Promise<void>((over) => queue.follow(id, 0, ({ event }) => event === "end" && over()));
  assert.equal(queue.get(id).problem!.code, "too-long");
  assert.equal(stopped, true);
  queue.close();
  database.close();
});
