/**
 * A machine between two real sites: moved and moved back, lost and brought back, by the commands that an
 * administrator types, over links that count what they carry.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Proxy } from "./proxy.ts";
import { same, type Site, twoSites } from "./sites.ts";
import { Place } from "./warmsite.ts";

const BLOCK = 4096;
/** What travels besides data, in both directions: certificates and messages of the conversations that a move begins. */
const GREETINGS = 8 * 1024;
/** As sent: what is counted is to be what was changed. */
const SETTINGS = ["--frequency", "1h", "--compression", "off"];

/** A link to whatever server is told to it last. */
class Link {
  readonly proxy: Proxy;
  #to = "";

  constructor() {
    this.proxy = new Proxy(() => this.#to);
  }

  /** Leads to a server; the address to be used in its place. */
  to(listen: string): string {
    this.#to = listen;
    return this.proxy.address;
  }

  /** Does `work`; at most the `blocks` that changed travel with 1 %, and as many bytes of `talk`. */
  async carries(what: string, blocks: number, talk: number, work: () => Promise<unknown>) {
    const before = this.proxy.carried;
    await work();
    const carried = this.proxy.carried - before;
    const changed = blocks * BLOCK;
    console.log(`${what}: ${carried} bytes on the wire for ${changed} changed`);
    assert.ok(carried >= changed, `${what}: it did not come this way`);
    assert.ok(carried <= changed * 1.01 + talk, `${what}: ${carried} bytes for ${changed}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
  }
}

/** Runs one cycle; `wireBytes` of the status agrees. */
async function cycle(site: Site, blocks: number): Promise<void> {
  const before = await site.status();
  await site.call("replication", "cycle", "db");
  const { bytesSent, wireBytes } = await site.status();
  const changed = blocks * BLOCK;
  assert.ok(bytesSent - before["bytesSent"] <= changed, `${bytesSent} sent`);
  assert.ok(wireBytes - before["wireBytes"] <= changed * 1.01, `${wireBytes} on the wire`);
}

Deno.test("a planned failover and back loses no byte and ships what was changed", async () => {
  await using place = new Place();
  await using there = new Link();
  await using back = new Link();
  const { a, b, disk } = await twoSites(place, (listen) => there.to(listen), ...SETTINGS);
  await a.write(0, 512, 0x11);
  await there.carries("a cycle", 512, 0, () => cycle(a, 512));
  await a.write(256, 1024, 0x12);
  const before = await a.read();
  await there.carries("the last delta", 1024, GREETINGS, async () => {
    const moved = await a.call("failover", "planned", "db");
    assert.equal(moved["role"], "replica");
  });
  same(await b.read(), before);

  await b.call("replication", "set", "db", "--to", back.to(a.listen));
  await b.write(2048, 512, 0x22);
  await back.carries("the first cycle back", 512, GREETINGS, () => cycle(b, 512));
  await a.until(({ state }) => state === "Replicating");

  await b.write(1024, 256, 0x33);
  const now = await b.read();
  await back.carries(
    "the last delta back",
    256,
    GREETINGS,
    () => b.call("failover", "planned", "db"),
  );
  same(await a.read(), now);
  same(Deno.readFileSync(disk), now);
  await a.call("replication", "set", "db", "--to", there.to(b.listen));
  await a.write(3072, 256, 0x44);
  await there.carries("a cycle again", 256, GREETINGS, () => cycle(a, 256));
});

// Long because: one disaster, from the loss of the site to the machine being at home again.
Deno.test("a lost primary comes back by delta after a failover to the third newest point", async () => {
  await using place = new Place();
  await using there = new Link();
  await using back = new Link();
  const { a, b } = await twoSites(place, (listen) => there.to(listen), ...SETTINGS);
  // No block is one of zeros, which would travel as a few bytes.
  await a.write(0, 4096, 0x09);
  await a.call("replication", "cycle", "db");
  for (let round = 1; round <= 4; round++) {
    await a.write(round * 256, 256, round);
    await a.call("replication", "cycle", "db");
  }
  // Written and never replicated: the site is lost behind it.
  await a.write(2048, 64, 0x77);
  const lost = await a.read();
  await a.end("SIGKILL");

  const points = await b.points();
  const chosen = points.at(-3)?.["id"] as string;
  await b.call("failover", "start", "db", "--point", chosen);
  await b.write(3072, 64, 0x55);
  await b.call("failover", "reverse", "db", "--to", back.to(a.listen));
  await b.write(3136, 64, 0x56);
  const now = await b.read();

  // Two points that the chosen one has not, what was never replicated, what was written since.
  const changed = 2 * 256 + 64 + 2 * 64;
  await back.carries("the failback", changed, GREETINGS, async () => {
    await a.start();
    await a.until(({ role }) => role === "replica");
    await b.call("replication", "cycle", "db");
    await a.until(({ state }) => state === "Replicating");
  });
  const { wireBytes } = await b.status();
  assert.ok(wireBytes <= changed * BLOCK * 1.01, `${wireBytes} bytes for ${changed} blocks`);

  const kept = (await a.points())[0]?.["id"] as string;
  await a.call("failover", "start", "db");
  same(await a.read(), now);
  await a.call("failover", "cancel", "db");
  await a.call("failover", "start", "db", "--point", kept);
  same(await a.read(), lost);
  await a.call("failover", "cancel", "db");

  // And home again, at a time of one's own choice.
  await b.write(1000, 256, 0x57);
  const last = await b.read();
  await back.carries("the way home", 256, GREETINGS, () => b.call("failover", "planned", "db"));
  same(await a.read(), last);
  assert.equal((await b.status())["role"], "replica");
  await a.call("replication", "set", "db", "--to", there.to(b.listen));
  await a.write(3500, 256, 0x58);
  await there.carries("the first cycle at home", 256, GREETINGS, () => cycle(a, 256));
  const home = await a.read();
  await b.call("failover", "start", "db");
  same(await b.read(), home);
});
