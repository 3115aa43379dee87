/**
 * NBD bytes by hand, for clients that mean harm or say half a thing.
 *
 * @module
 */

/** An option of the handshake. */
export function rawOption(option: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("IHAVEOPT"));
  view.setUint32(8, option);
  view.setUint32(12, data.length);
  bytes.set(data, 16);
  return bytes;
}

/** The data of INFO and GO. */
export function rawExportQuery(name: string, infos: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(6 + text.length + 2 * infos.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length);
  bytes.set(text, 4);
  view.setUint16(4 + text.length, infos.length);
  for (const [index, info] of infos.entries()) view.setUint16(6 + text.length + 2 * index, info);
  return bytes;
}

/** A request with any fields. */
export function rawRequest(
  fields: {
    magic?: number;
    flags?: number;
    type: number;
    cookie?: number;
    at?: bigint;
    length: number;
  },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.magic ?? 0x25609513);
  view.setUint16(4, fields.flags ?? 0);
  view.setUint16(6, fields.type);
  view.setUint32(12, fields.cookie ?? 1);
  view.setBigUint64(16, fields.at ?? 0n);
  view.setUint32(24, fields.length);
  return bytes;
}

/** The next `length` bytes; fewer at the end of the stream. */
export async function take(connection: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const received = await connection.read(bytes.subarray(filled));
    if (received === null) break;
    filled += received;
  }
  return bytes.subarray(0, filled);
}

/** Sends all of `bytes`; throws when the other side has hung up. */
export async function sendAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** A reply to an option. */
export interface RawReply {
  readonly option: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** The next reply to an option; `undefined` at the end of the stream. */
export async function takeReply(connection: Deno.Conn): Promise<RawReply | undefined> {
  const head = await take(connection, 20);
  if (head.length < 20) return undefined;
  const view = new DataView(head.buffer);
  const data = await take(connection, view.getUint32(16));
  return { option: view.getUint32(8), type: view.getUint32(12), data };
}

/** Sends the client's flags after the greeting. */
export async function greet(connection: Deno.Conn, flags = 3): Promise<Uint8Array> {
  const greeting = await take(connection, 18);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, flags);
  await connection.write(bytes);
  return greeting;
}

/** Opens an export with nothing agreed: simple replies. */
export async function openRaw(connection: Deno.Conn, name: string): Promise<void> {
  await greet(connection);
  await connection.write(rawOption(7, rawExportQuery(name)));
  for (;;) {
    const reply = await takeReply(connection);
    if (reply === undefined) throw new Error("The server hung up");
    if (reply.type >= 0x8000_0000) throw new Error(`Refused: ${reply.type}`);
    if (reply.type === 1) return;
  }
}
