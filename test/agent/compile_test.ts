/**
 * What `deno task compile` makes runs by itself: no network, no cache, an empty home.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build } from "../../tools/compile/build.ts";
import { condition, linux, program, root, testWithNeeds, unmetReason } from "../needs.ts";
import { Place } from "./warmsite.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Whether a network of its own, with nothing but loopback, can be had here. */
function canUnshare(): boolean {
  try {
    const args = ["-n", "ip", "link", "set", "lo", "up"];
    return new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const ALONE = [
  linux,
  root,
  program("ip", "iproute2"),
  condition("leave to make a network of its own (unshare -n)", canUnshare),
];

testWithNeeds({
  name: "the built program plays the demo in an empty home without network",
  needs: ALONE,
}, () => playDemo(true));

// Where no network can be taken away the program itself is tried all the same.
if (unmetReason(ALONE) !== undefined) {
  Deno.test("the built program plays the demo in an empty home", () => playDemo(false));
}

async function playDemo(isolated: boolean): Promise<void> {
  await using place = new Place();
  const { program, form, reason } = await build(ROOT, place.path("dist"));
  assert.equal(reason === "", form === "binary", reason);
  Deno.mkdirSync(place.path("home"));
  const command = `${program} demo --json`;
  const alone = `ip link set lo up && exec ${command}`;
  const { code, stdout, stderr } = await new Deno.Command(isolated ? "unshare" : "sh", {
    args: isolated ? ["-n", "sh", "-c", alone] : ["-c", `exec ${command}`],
    clearEnv: true,
    env: { HOME: place.path("home"), PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    cwd: place.folder,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  assert.equal(JSON.parse(decoder.decode(stdout)).ok, true);
}
