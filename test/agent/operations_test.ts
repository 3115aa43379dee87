/**
 * docs/OPERATIONS.md, typed line by line on two agents: every command in it works, and prints what it says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { firstDifference, type Step, stepsOf, wordsOf } from "./console.ts";
import { DISK_SIZE, freePort, Site } from "./sites.ts";
import { type JsonObject, Place, until, warmsite } from "./warmsite.ts";

/** Where the page says that things are. */
const HOME = "/srv/warmsite";
const IMAGES = "/images";
const MEDIA = "/mnt/usb";
/** Prints what commands print in place of holding it against the page: for whoever writes it. */
const RECORDING = Deno.env.get("WARMSITE_RECORD") !== undefined;

/** Two hosts as the page has them. */
class Session {
  readonly #place: Place;
  readonly #ports: Record<string, number> = { a: freePort(), b: freePort() };
  readonly #sites = new Map<string, Site>();
  readonly #names = new Map<string, string>();

  constructor(place: Place) {
    this.#place = place;
    for (const name of ["images", "usb"]) Deno.mkdirSync(place.path(name));
  }

  async step(step: Step): Promise<void> {
    if (step.kind === "do") return await this.#do(step.words);
    const { host, line } = step;
    const words = wordsOf(this.#real(host, step.command));
    if (words[0] === "truncate") {
      const [, , size, file] = words as [string, string, string, string];
      assert.equal(size, "16M", "the page's disk is small");
      assert.deepEqual(step.expected, [], "it prints nothing");
      Deno.writeFileSync(file, new Uint8Array(0));
      return Deno.truncateSync(file, DISK_SIZE);
    }
    assert.equal(words.shift(), "warmsite", `line ${line}`);
    const printed = words[0] === "serve" ? await this.#serve(host) : await this.#run(host, words);
    if (RECORDING) return console.log(`${host}$ ${step.command}\n${printed.trimEnd()}`);
    assert.equal(firstDifference(printed, step.expected), "", `line ${line}: ${step.command}`);
  }

  async #run(host: string, words: readonly string[]): Promise<string> {
    const { out, err } = await warmsite(words);
    return this.#shown(host, out + err);
  }

  /** Starts a server; what it printed, which its log is not a part of. */
  async #serve(host: string): Promise<string> {
    const site = this.#sites.get(host) ?? new Site(this.#place, this.#place.path(host));
    this.#sites.set(host, site);
    const printed = this.#shown(host, await site.startShown());
    return printed.replaceAll(`site-${host}.example:7100`, "0.0.0.0:7100")
      .replaceAll(`port ${this.#ports[host]}`, "port 7100");
  }

  /** What no command does. */
  async #do(words: readonly string[]): Promise<void> {
    const [what, host = "", ...rest] = words;
    const site = this.#sites.get(host) as Site;
    switch (what) {
      // write HOST BLOCK COUNT BYTE
      case "write":
        return await site.write(...rest.map(Number) as [number, number, number]);
      case "burn":
        return await site.end("SIGKILL");
      // until HOST FIELD VALUE [VM]
      case "until": {
        const [field = "", wanted, vm = "db"] = rest;
        // Whoever asks amid a change of roles is told to ask again.
        const ask = () =>
          site.call("replication", "status", vm).catch((error: Error) => {
            if (!error.message.includes('"code":"busy"')) throw error;
            return {} as Awaited<ReturnType<Site["call"]>>;
          });
        await until(ask, (status) => String(status[field]) === wanted);
        return;
      }
      // let HOST NAME point INDEX | branch | generation | package VM
      case "let": {
        const [name = "", kind = "", which = ""] = rest;
        this.#names.set(name, await this.#meaning(site, kind, which));
        return;
      }
      default:
        assert.fail(`no such step: ${words.join(" ")}`);
    }
  }

  /** What a name of the page stands for at this moment. */
  async #meaning(site: Site, kind: string, which: string): Promise<string> {
    if (kind === "point") return (await site.points()).at(Number(which))?.["id"];
    if (kind === "package") {
      const found = [...Deno.readDirSync(this.#place.path("usb"))];
      return found.find(({ name }) => name.startsWith(`${which}_`))?.name ?? "";
    }
    if (kind === "generation") return (await site.status())["generation"];
    const branches = (await site.status())["branches"] as JsonObject[];
    return branches.find(({ here }) => here === true)?.["branch"];
  }

  /** What is typed, with the page's names made real. */
  #real(host: string, text: string): string {
    let real = text.replaceAll(`${HOME}`, this.#place.path(host))
      .replaceAll(IMAGES, this.#place.path("images")).replaceAll(MEDIA, this.#place.path("usb"))
      .replaceAll("~/ca", this.#place.path("ca"));
    for (const [name, port] of Object.entries(this.#ports)) {
      real = real.replaceAll(`site-${name}.example:7100`, `127.0.0.1:${port}`);
      if (name === host) real = real.replaceAll("0.0.0.0:7100", `127.0.0.1:${port}`);
    }
    for (const [name, id] of this.#names) real = real.replaceAll(name, id);
    return real;
  }

  /** What was printed, with the page's names. */
  #shown(host: string, text: string): string {
    let shown = text.replaceAll(this.#place.path(host), HOME)
      .replaceAll(this.#place.path("images"), IMAGES).replaceAll(this.#place.path("usb"), MEDIA)
      .replaceAll(this.#place.path("ca"), "~/ca");
    for (const [name, id] of this.#names) shown = shown.replaceAll(id, name);
    for (const [name, port] of Object.entries(this.#ports)) {
      shown = shown.replaceAll(`127.0.0.1:${port}`, `site-${name}.example:7100`);
    }
    return shown;
  }
}

Deno.test("docs/OPERATIONS.md is true, line by line", async () => {
  const page = Deno.readTextFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url));
  const steps = stepsOf(page);
  assert.ok(steps.length > 30, "the page has its steps");
  await using place = new Place();
  const session = new Session(place);
  for (const step of steps) await session.step(step);
});
