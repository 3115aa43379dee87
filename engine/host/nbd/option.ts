/**
 * The data of options, parsed. Pure; every input is hostile, and what is not exactly well-formed is
 * `undefined`.
 *
 * @module
 */

import { decodeUtf8 } from "../../core/base/utf8.ts";
import { STRING_MAX } from "./protocol.ts";

/** What `NBD_OPT_INFO` and `NBD_OPT_GO` ask. */
export interface ExportRequest {
  /** The export's name. */
  readonly name: string;
  /** Kinds of information asked for (`INFO`), known or not. */
  readonly infos: readonly number[];
}

/** What `NBD_OPT_LIST_META_CONTEXT` and `NBD_OPT_SET_META_CONTEXT` ask. */
export interface ContextRequest {
  /** The export's name. */
  readonly name: string;
  /** Contexts by name or name space. */
  readonly queries: readonly string[];
}

/** Reads big-endian fields; `ok` turns false for good when the data is too short or ill-formed. */
class Cursor {
  ok = true;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  #take(size: number): number {
    const at = this.#at;
    if (!this.ok || size > this.#data.length - at) {
      this.ok = false;
      return -1;
    }
    this.#at += size;
    return at;
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  /** A string after its 32-bit length. */
  string(): string {
    const length = this.u32();
    const at = length > STRING_MAX ? -1 : this.#take(length);
    const text = at < 0 ? undefined : exportName(this.#data.subarray(at, at + length));
    if (text === undefined) this.ok = false;
    return text ?? "";
  }

  get atEnd(): boolean {
    return this.ok && this.#at === this.#data.length;
  }
}

/** A name as it stands on the wire; `undefined` when it is too long or no UTF-8. */
export function exportName(bytes: Uint8Array): string | undefined {
  return bytes.length > STRING_MAX ? undefined : decodeUtf8(bytes);
}

/** The data of `NBD_OPT_INFO` or `NBD_OPT_GO`. */
export function parseExportRequest(data: Uint8Array): ExportRequest | undefined {
  const cursor = new Cursor(data);
  const name = cursor.string();
  const infos: number[] = [];
  for (let left = cursor.u16(); left > 0 && cursor.ok; left--) infos.push(cursor.u16());
  return cursor.atEnd ? { name, infos } : undefined;
}

/** The data of an option about metadata contexts. */
export function parseContextRequest(data: Uint8Array): ContextRequest | undefined {
  const cursor = new Cursor(data);
  const name = cursor.string();
  const queries: string[] = [];
  for (let left = cursor.u32(); left > 0 && cursor.ok; left--) queries.push(cursor.string());
  return cursor.atEnd ? { name, queries } : undefined;
}
