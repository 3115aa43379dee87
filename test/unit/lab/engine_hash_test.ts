/**
 * The engine's hash is one for every reader of the same sources.
 *
 * @module
 */

import assert from "node:assert/strict";
import { engineHash } from "../../../lab/engine_hash.ts";

Deno.test("the engine's hash is 16 hex digits, in another process as well", async () => {
  assert.match(engineHash(), /^[0-9a-f]{16}$/);
  const url = new URL("../../../lab/engine_hash.ts", import.meta.url).href;
  const code = `const { engineHash } = await import("${url}"); console.log(engineHash());`;
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", code], cwd: "/" });
  const { stdout } = await command.output();
  assert.equal(new TextDecoder().decode(stdout).trim(), engineHash());
});
