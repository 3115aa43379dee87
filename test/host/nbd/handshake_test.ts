/**
 * The handshake, byte by byte.
 *
 * @module
 */

import assert from "node:assert/strict";

import { MiB } from "../../../engine/core/base/units.ts";
import { OPTIONS_MAX } from "../../../engine/host/nbd/limits.ts";
import { CMD, EXPORT_FLAG, INFO, OPT, REP } from "../../../engine/host/nbd/protocol.ts";
import { MemoryDisk } from "./memory_disk.ts";
import {
  greet,
  openRaw,
  rawExportQuery,
  rawOption,
  type RawReply,
  rawRequest,
  sendAll,
  take,
  takeReply,
} from "./raw.ts";
import { exportOf, Serving } from "./serving.ts";

const SIZE = 3 * MiB;

async function withRaw(work: (connection: Deno.Conn) => Promise<void>): Promise<void> {
  const disk = new MemoryDisk(SIZE);
  disk.bytes[0] = 9;
  await using serving = await Serving.start({ "VM/0": exportOf(disk), "ü/1": exportOf(disk) });
  using connection = await Deno.connect({ transport: "unix", path: serving.socket });
  await work(connection);
}

async function ask(connection: Deno.Conn, option: number, data?: Uint8Array): Promise<RawReply[]> {
  await sendAll(connection, rawOption(option, data));
  const replies: RawReply[] = [];
  for (;;) {
    const reply = await takeReply(connection);
    if (reply === undefined) return replies;
    replies.push(reply);
    if (reply.type === REP.ACK || reply.type >= 0x8000_0000) return replies;
  }
}

function contextQuery(name: string, ...queries: string[]): Uint8Array {
  const pieces = [name, ...queries].map((text) => new TextEncoder().encode(text));
  const bytes: number[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (index === 1) bytes.push(0, 0, 0, queries.length);
    bytes.push(0, 0, piece.length >> 8, piece.length & 255, ...piece);
  }
  if (queries.length === 0) bytes.push(0, 0, 0, 0);
  return new Uint8Array(bytes);
}

Deno.test("the greeting offers fixed newstyle without zeroes", async () => {
  await withRaw(async (connection) => {
    const greeting = await greet(connection);
    assert.equal(new TextDecoder().decode(greeting.subarray(0, 16)), "NBDMAGICIHAVEOPT");
    assert.deepEqual([...greeting.subarray(16)], [0, 3]);
  });
});

Deno.test("LIST names every export", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    const replies = await ask(connection, OPT.LIST);
    assert.deepEqual(replies.map(({ type }) => type), [REP.SERVER, REP.SERVER, REP.ACK]);
    assert.match(new TextDecoder().decode(replies[0]!.data), /VM\/0disk of VM\/0$/);
    const bad = await ask(connection, OPT.LIST, new Uint8Array(1));
    assert.equal(bad[0]!.type, REP.ERR_INVALID);
  });
});

Deno.test("INFO tells what was asked and goes on", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    const query = rawExportQuery("ü/1", [INFO.NAME, INFO.DESCRIPTION, INFO.BLOCK_SIZE, 77]);
    const replies = await ask(connection, OPT.INFO, query);
    const infos = replies.slice(0, -1).map(({ data }) => ({
      kind: new DataView(data.buffer).getUint16(0),
      rest: data.subarray(2),
    }));
    assert.deepEqual(infos.map(({ kind }) => kind), [
      INFO.EXPORT,
      INFO.NAME,
      INFO.DESCRIPTION,
      INFO.BLOCK_SIZE,
    ]);
    const view = new DataView(infos[0]!.rest.slice().buffer);
    assert.equal(Number(view.getBigUint64(0)), SIZE);
    assert.ok((view.getUint16(8) & EXPORT_FLAG.SEND_WRITE_ZEROES) !== 0);
    assert.equal(new TextDecoder().decode(infos[1]!.rest), "ü/1");
    assert.equal(new TextDecoder().decode(infos[2]!.rest), "disk of ü/1");
    const sizes = new DataView(infos[3]!.rest.slice().buffer);
    assert.deepEqual([0, 4, 8].map((at) => sizes.getUint32(at)), [1, 4096, 32 * MiB]);
    assert.equal(replies.at(-1)!.type, REP.ACK);
    assert.equal((await ask(connection, OPT.INFO, rawExportQuery("VM/0"))).at(-1)!.type, REP.ACK);
  });
});

Deno.test("an export that is not there is refused by INFO and GO, and another can be had", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    for (const option of [OPT.INFO, OPT.GO]) {
      for (const name of ["", "VM", "VM/00", "../VM/0", "VM/0\0", "x".repeat(4096)]) {
        const replies = await ask(connection, option, rawExportQuery(name));
        assert.deepEqual(replies.map(({ type }) => type), [REP.ERR_UNKNOWN], name.slice(0, 10));
      }
      const long = await ask(connection, option, rawExportQuery("x".repeat(4097)));
      assert.equal(long[0]!.type, REP.ERR_INVALID);
    }
    assert.equal((await ask(connection, OPT.GO, rawExportQuery("VM/0"))).at(-1)!.type, REP.ACK);
  });
});

Deno.test("options that are not known, STARTTLS among them, are refused by name", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    for (const option of [OPT.STARTTLS, 4, 11, 0, 0xffff_ffff]) {
      const replies = await ask(connection, option, new Uint8Array(10));
      assert.deepEqual(replies.map(({ type }) => type), [REP.ERR_UNSUP]);
      assert.equal(replies[0]!.option, option);
    }
  });
});

Deno.test("metadata contexts are listed and set by their names", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    const types = async (option: number, data: Uint8Array) =>
      (await ask(connection, option, data)).map(({ type }) => type);
    const found = [REP.META_CONTEXT, REP.ACK];
    const query = contextQuery("VM/0", "base:allocation");
    assert.deepEqual(await types(OPT.SET_META_CONTEXT, query), [REP.ERR_INVALID], "too early");
    assert.deepEqual(await types(OPT.STRUCTURED_REPLY, new Uint8Array(0)), [REP.ACK]);
    assert.deepEqual(await types(OPT.SET_META_CONTEXT, query), found);
    assert.deepEqual(await types(OPT.LIST_META_CONTEXT, contextQuery("VM/0")), found);
    assert.deepEqual(await types(OPT.LIST_META_CONTEXT, contextQuery("VM/0", "base:")), found);
    assert.deepEqual(await types(OPT.LIST_META_CONTEXT, contextQuery("VM/0", "qemu:")), [REP.ACK]);
    assert.deepEqual(await types(OPT.SET_META_CONTEXT, contextQuery("VM/0", "base:")), [REP.ACK]);
    assert.deepEqual(await types(OPT.SET_META_CONTEXT, contextQuery("no")), [REP.ERR_UNKNOWN]);
    const lie = query.slice();
    lie[7 + 4] = 200;
    assert.deepEqual(await types(OPT.SET_META_CONTEXT, lie), [REP.ERR_INVALID]);
  });
});

Deno.test("BLOCK_STATUS without its context is EINVAL", async () => {
  await withRaw(async (connection) => {
    await openRaw(connection, "VM/0");
    await sendAll(connection, rawRequest({ type: CMD.BLOCK_STATUS, length: 4096 }));
    const reply = new DataView((await take(connection, 16)).slice().buffer);
    assert.equal(reply.getUint32(4), 22);
  });
});

Deno.test("EXPORT_NAME begins at once, with the 124 zeroes for who wants them", async () => {
  for (const flags of [1, 3]) {
    await withRaw(async (connection) => {
      await greet(connection, flags);
      await sendAll(connection, rawOption(OPT.EXPORT_NAME, new TextEncoder().encode("VM/0")));
      const head = await take(connection, flags === 3 ? 10 : 134);
      assert.equal(Number(new DataView(head.slice().buffer).getBigUint64(0)), SIZE);
      // Nothing was agreed, so that the reply is a simple one.
      await sendAll(connection, rawRequest({ type: CMD.READ, cookie: 5, length: 4 }));
      const reply = await take(connection, 20);
      assert.deepEqual([...reply.subarray(0, 4)], [0x67, 0x44, 0x66, 0x98]);
      assert.deepEqual([...reply.subarray(12)], [0, 0, 0, 5, 9, 0, 0, 0]);
    });
  }
});

Deno.test("EXPORT_NAME of nothing hangs up", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    await sendAll(connection, rawOption(OPT.EXPORT_NAME, new TextEncoder().encode("no")));
    assert.equal((await take(connection, 1)).length, 0);
  });
});

Deno.test("requests behind the last option in one piece are served", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    const go = rawOption(OPT.GO, rawExportQuery("VM/0"));
    const read = rawRequest({ type: CMD.READ, length: 1 });
    const together = new Uint8Array(go.length + read.length);
    together.set(go);
    together.set(read, go.length);
    await sendAll(connection, together);
    assert.equal((await takeReply(connection))!.type, REP.INFO);
    assert.equal((await takeReply(connection))!.type, REP.ACK);
    assert.equal((await take(connection, 17)).at(-1), 9);
  });
});

Deno.test("ABORT is acknowledged and ends the connection", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    assert.deepEqual((await ask(connection, OPT.ABORT)).map(({ type }) => type), [REP.ACK]);
    assert.equal((await take(connection, 1)).length, 0);
  });
});

Deno.test("option data over its bound is skipped and refused, not held", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    assert.deepEqual(
      (await ask(connection, OPT.GO, new Uint8Array(3 * MiB))).map(({ type }) => type),
      [REP.ERR_TOO_BIG],
    );
    assert.equal((await ask(connection, OPT.LIST)).at(-1)!.type, REP.ACK);
  });
});

Deno.test("a handshake has an end, however many options it brings (E6)", async () => {
  await withRaw(async (connection) => {
    await greet(connection);
    let answered = 0;
    while ((await ask(connection, OPT.STARTTLS).catch(() => [])).length > 0) answered++;
    assert.equal(answered, OPTIONS_MAX);
  });
});
