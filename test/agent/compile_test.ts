/**
 * What `deno task compile` makes runs by itself: no network, no cache, an empty home.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build } from "../../tools/compile/build.ts";
import { Place } from "./warmsite.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Whether a network of its own, with nothing but loopback, can be had here. */
async function canUnshare(): Promise<boolean> {
  if (Deno.uid() !== 0) return false;
  try {
    const args = ["-n", "ip", "link", "set", "lo", "up"];
    return (await new Deno.Command("unshare", { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

Deno.test("the built program plays the demo in an empty home without network", async () => {
  await using place = new Place();
  const { program, form, reason } = await build(ROOT, place.path("dist"));
  assert.equal(reason === "", form === "binary", reason);
  Deno.mkdirSync(place.path("home"));
  const command = `${program} demo --json`;
  const alone = `ip link set lo up && exec ${command}`;
  const isolated = await canUnshare();
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
});
