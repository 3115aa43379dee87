/**
 * A QEMU client whose server is killed: its requests wait for the next server and are not lost.
 *
 * @module
 */

import assert from "node:assert/strict";

import { MiB } from "../../engine/core/base/units.ts";
import { qemuBlockdev } from "../../engine/host/nbd/uri.ts";
import { program, testWithNeeds } from "../needs.ts";

const SERVER = new URL("serve_nbd.ts", import.meta.url).pathname;

/** A program that is talked to over its standard input and output. */
class Talk {
  readonly process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #heard = "";

  constructor(program: string, args: string[]) {
    this.process = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#writer = this.process.stdin.getWriter();
    this.#reader = this.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async say(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Listens until `text` is heard, and gives what came before it. */
  async hear(text: string): Promise<string> {
    for (;;) {
      const at = this.#heard.indexOf(text);
      if (at >= 0) {
        const before = this.#heard.slice(0, at);
        this.#heard = this.#heard.slice(at + text.length);
        return before;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`It ended without saying "${text}": ${this.#heard}`);
      this.#heard += value;
    }
  }

  /** Waits for the end of a program that was told to end, or kills it. */
  async end(signal?: Deno.Signal): Promise<void> {
    if (signal !== undefined) this.process.kill(signal);
    await this.#writer.close().catch(() => {});
    while (!(await this.#reader.read()).done);
    await this.process.status;
  }
}

async function serve(socket: string, file: string): Promise<Talk> {
  const server = new Talk(Deno.execPath(), ["run", "-A", "--no-check", SERVER, socket, file]);
  await server.hear("serving");
  return server;
}

testWithNeeds({
  name: "a QEMU client carries on after its server was killed, with every write",
  needs: [program("qemu-io", "qemu-utils")],
}, async () => {
  const folder = Deno.makeTempDirSync({ prefix: "warmsite-interop-" });
  const [socket, file] = [`${folder}/nbd.sock`, `${folder}/disk.img`];
  Deno.writeFileSync(file, new Uint8Array(0));
  Deno.truncateSync(file, 64 * MiB);
  let server = await serve(socket, file);
  const options = qemuBlockdev({ transport: "unix", path: socket }, "VM/0", "disk0");
  const client = new Talk("qemu-io", ["--image-opts", options.replace("node-name=disk0,", "")]);
  const prompt = "qemu-io> ";
  try {
    // It looks at a command only when it was sent after the prompt.
    await client.hear(prompt);
    await client.say("write -P 0x11 0 1M");
    await client.hear(prompt);
    // These are under way when the server dies; QEMU sends those without a reply again.
    server.process.kill("SIGSTOP");
    for (let at = 1; at < 33; at++) {
      await client.say(`aio_write -q -P 0x22 ${at}M 1M`);
      await client.hear(prompt);
    }
    await server.end("SIGKILL");
    server = await serve(socket, file);
    await client.say("aio_flush");
    await client.hear(prompt);

    await server.end("SIGKILL");
    await client.say("write -P 0x44 41M 1M");
    server = await serve(socket, file);
    await client.hear("wrote 1048576/1048576");
    await client.hear(prompt);

    for (
      const check of ["0x11 0 1M", "0x22 1M 32M", "0x44 41M 1M", "0 42M 22M"]
    ) {
      await client.say(`read -P ${check}`);
      assert.doesNotMatch(await client.hear(prompt), /failed/, check);
    }
    await client.say("quit");
    await client.end();
    const image = Deno.readFileSync(file);
    const expected = [[0, 0x11], [1, 0x22], [32, 0x22], [33, 0], [41, 0x44], [42, 0]] as const;
    for (const [place, byte] of expected) {
      assert.ok(image.subarray(place * MiB, (place + 1) * MiB).every((value) => value === byte));
    }
  } finally {
    await server.end("SIGKILL");
    Deno.removeSync(folder, { recursive: true });
  }
});
