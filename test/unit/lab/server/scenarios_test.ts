/**
 * The library and saved scenarios over the lab's API.
 *
 * @module
 */

import assert from "node:assert/strict";
import { scenarioText, TemporaryLab } from "./lab.ts";

Deno.test("the library lists what is a scenario in its folder, and cannot be changed", async () => {
  using lab = new TemporaryLab();
  lab.write("library/broken.yaml", "just words");
  const text = scenarioText("burning");
  assert.deepEqual(await lab.value("GET", "/api/library"), {
    items: [{
      name: "burning",
      title: "The site burning",
      summary: "The first site is lost.",
      text,
    }],
  });
  assert.equal((await lab.refused(409, "POST", "/api/scenarios", { text }))["code"], "exists");
  const any = { "if-match": "*" };
  const put = await lab.refused(403, "PUT", "/api/scenarios/burning", { text }, any);
  assert.equal(put["code"], "read-only");
  assert.match(put["action"], /fork/);
  await lab.refused(403, "DELETE", "/api/scenarios/burning", undefined, any);
});

Deno.test("a scenario is saved under its own name, read, changed and deleted", async () => {
  using lab = new TemporaryLab();
  const text = scenarioText("mine");
  const saved = await lab.ask("POST", "/api/scenarios", { text });
  assert.equal(saved.status, 201);
  const tag = saved.headers.get("etag")!;
  const made = await saved.json();
  assert.equal(made.name, "mine");
  assert.equal(made.text, text);
  assert.equal(made.parent, null);
  assert.ok(Math.abs(Date.parse(made.created) - Date.now()) < 60_000);
  assert.equal((await lab.refused(409, "POST", "/api/scenarios", { text }))["code"], "exists");

  const longer = `${text}seed: 9\n`;
  const body = { text: longer };
  const changed = await lab.value("PUT", "/api/scenarios/mine", body, { "if-match": tag });
  assert.equal(changed.text, longer);
  const late = await lab.refused(412, "PUT", "/api/scenarios/mine", { text }, { "if-match": tag });
  assert.equal(late["code"], "changed");
  assert.equal((await lab.value("GET", "/api/scenarios/mine")).text, longer);
  await lab.refused(412, "DELETE", "/api/scenarios/mine", undefined, { "if-match": tag });
  assert.equal(
    (await lab.refused(428, "PUT", "/api/scenarios/mine", { text }))["code"],
    "no-version",
  );
  assert.equal((await lab.refused(428, "DELETE", "/api/scenarios/mine"))["code"], "no-version");
  const other = { text: scenarioText("yours") };
  const renamed = await lab.refused(400, "PUT", "/api/scenarios/mine", other, { "if-match": "*" });
  assert.match(renamed["message"], /"yours".*"mine"/);

  // As a compressed answer has it.
  const now = { "if-match": `W/"${changed.revision}"` };
  assert.equal((await lab.ask("DELETE", "/api/scenarios/mine", undefined, now)).status, 204);
  await lab.refused(404, "GET", "/api/scenarios/mine");
  await lab.refused(404, "PUT", "/api/scenarios/mine", { text }, now);
  await lab.refused(404, "DELETE", "/api/scenarios/mine", undefined, now);
});

Deno.test("a copy has a new name in its text, and its comments", async () => {
  using lab = new TemporaryLab();
  const copy = await lab.value("POST", "/api/scenarios/burning/fork", { name: "my-fire" });
  assert.equal(copy.parent, "burning");
  assert.equal(copy.text, scenarioText("burning").replace("name: burning", "name: my-fire"));
  const second = await lab.value("POST", "/api/scenarios/my-fire/fork", { name: "again" });
  assert.equal(second.parent, "my-fire");
  await lab.refused(409, "POST", "/api/scenarios/my-fire/fork", { name: "again" });
  await lab.refused(409, "POST", "/api/scenarios/my-fire/fork", { name: "burning" });
  await lab.refused(404, "POST", "/api/scenarios/nobody/fork", { name: "new" });
  for (const name of ["", "Fire", "../fire", "a".repeat(65), 7]) {
    await lab.refused(400, "POST", "/api/scenarios/burning/fork", { name });
  }
});

Deno.test("a copy may be of what was changed before it was saved", async () => {
  using lab = new TemporaryLab();
  const text = scenarioText("burning").replace("end: 10m", "end: 12m");
  const path = "/api/scenarios/burning/fork";
  const copy = await lab.value("POST", path, { name: "longer", text });
  assert.equal(copy.parent, "burning");
  assert.equal(copy.text, text.replace("name: burning", "name: longer"));
  const refused = await lab.refused(422, "POST", path, { name: "other", text: "titel: x\n" });
  assert.equal(refused["code"], "not-a-scenario");
  await lab.refused(404, "GET", "/api/scenarios/other");
});

Deno.test("lists come in pages, each one behind the last", async () => {
  using lab = new TemporaryLab();
  const names = ["one", "two", "three", "four", "five"];
  for (const name of names) {
    await lab.value("POST", "/api/scenarios", { text: scenarioText(name) });
  }
  const seen: string[] = [];
  let after: string | null = "";
  let pages = 0;
  while (after !== null) {
    const page: { items: { name: string; text?: string }[]; next: string | null } = await lab.value(
      "GET",
      `/api/scenarios?limit=2&after=${after}`,
    );
    seen.push(...page.items.map(({ name }) => name));
    assert.ok(page.items.every(({ text }) => text === undefined), "a list has no texts");
    after = page.next;
    pages++;
  }
  assert.deepEqual(seen, names.sort());
  assert.equal(pages, 3);
  for (const query of ["limit=0", "limit=101", "limit=x", "limit=1.5"]) {
    await lab.refused(400, "GET", `/api/scenarios?${query}`);
  }
});

Deno.test("a text that is no scenario is refused with every place where it is none", async () => {
  using lab = new TemporaryLab();
  const error = await lab.refused(422, "POST", "/api/scenarios", { text: "titel: x\n" });
  assert.equal(error["code"], "not-a-scenario");
  assert.ok(error["problems"].length > 0);
  assert.ok(error["problems"][0].line >= 1);
  assert.match(error["message"], /line \d+, column \d+/);
});

Deno.test("a full disk is said, and nothing of what was stored is lost", async () => {
  using lab = new TemporaryLab();
  const text = scenarioText("kept");
  const kept = await lab.value("POST", "/api/scenarios", { text });
  const pages = Number(lab.database.prepare("PRAGMA page_count").get()!["page_count"]);
  lab.database.exec(`PRAGMA max_page_count = ${pages}`);
  const large = `${scenarioText("large")}#${"x".repeat(100_000)}\n`;
  const full = await lab.refused(507, "POST", "/api/scenarios", { text: large });
  assert.equal(full["code"], "storage-full");
  const grown = { text: `${text}#${"x".repeat(100_000)}\n` };
  const change = await lab.refused(507, "PUT", "/api/scenarios/kept", grown, { "if-match": "*" });
  assert.equal(change["code"], "storage-full");
  assert.deepEqual(await lab.value("GET", "/api/scenarios/kept"), kept);
  assert.equal(lab.database.prepare("PRAGMA integrity_check").get()!["integrity_check"], "ok");
});
