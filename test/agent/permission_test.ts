/**
 * Who is not the server's user is told so, and not that no server runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { linux, root, testWithNeeds } from "../needs.ts";
import { Place } from "./warmsite.ts";

testWithNeeds(
  {
    name: "another user is told whom to be, also where the folder is open to all",
    needs: [root, linux],
  },
  async () => {
    await using place = new Place();
    const [a] = await place.homes("a") as [string];
    await place.serve(a);
    for (const mode of [0o700, 0o755]) {
      Deno.chmodSync(a, mode);
      const script = new URL("another_user.ts", import.meta.url).href;
      const asked = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", script, a],
      });
      const { stdout, stderr } = await asked.output();
      const text = new TextDecoder().decode(stdout);
      assert.notEqual(text, "", new TextDecoder().decode(stderr));
      const { code, exit, message, action } = JSON.parse(text);
      assert.deepEqual([code, exit], ["read-only", 1], text);
      assert.match(message, /may not ask the server/);
      assert.match(action, /sudo/);
    }
  },
);
