/**
 * XChaCha20-Poly1305 in JavaScript: what the kernel seals and opens with in every world.
 *
 * Rule: the same bytes in Deno, Node and a browser, without waiting, which the runtime's WebCrypto cannot. A host that has
 * a faster ChaCha20-Poly1305 (RFC 8439) of its own asks `innerBox` for what to give it, and gets the same bytes.
 *
 * @module
 */

import { hchacha, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import {
  type Box,
  BOX_KEY_SIZE,
  BOX_NONCE_SIZE,
  BOX_TAG_SIZE,
} from "../engine/core/ports/codec.ts";

/** Bytes of the nonce of ChaCha20-Poly1305. */
const INNER_NONCE_SIZE = 12;
/** Bytes of the nonce that make the subkey; the others follow four zeros. */
const PREFIX_SIZE = 16;
/** The constant of ChaCha20 with a key of 256 bits, "expand 32-byte k". */
const SIGMA = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

/** `content` in `box`; throws `RangeError` for a box of another form. */
export function sealBox(box: Box, content: Uint8Array): Uint8Array {
  checkBox(box);
  return xchacha20poly1305(box.key, box.nonce, box.bound).encrypt(content);
}

/** What was sealed in `box`; `undefined` where `sealed` is not exactly that. */
export function openBox(box: Box, sealed: Uint8Array): Uint8Array | undefined {
  checkBox(box);
  if (sealed.length < BOX_TAG_SIZE) return undefined;
  try {
    return xchacha20poly1305(box.key, box.nonce, box.bound).decrypt(sealed);
  } catch {
    // The sizes are right by now: the tag is not.
    return undefined;
  }
}

/** The same box as a plain ChaCha20-Poly1305 has it: a subkey of 32 bytes and a nonce of 12. */
export function innerBox(box: Box): Box {
  checkBox(box);
  const subkey = new Uint32Array(BOX_KEY_SIZE / 4);
  hchacha(SIGMA, words(box.key), words(box.nonce.subarray(0, PREFIX_SIZE)), subkey);
  const key = new Uint8Array(BOX_KEY_SIZE);
  const view = new DataView(key.buffer);
  subkey.forEach((word, at) => view.setUint32(at * 4, word, true));
  const nonce = new Uint8Array(INNER_NONCE_SIZE);
  nonce.set(box.nonce.subarray(PREFIX_SIZE), INNER_NONCE_SIZE - (BOX_NONCE_SIZE - PREFIX_SIZE));
  return { key, nonce, bound: box.bound };
}

function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4, true));
}

function checkBox({ key, nonce }: Box): void {
  if (key.length !== BOX_KEY_SIZE) throw new RangeError(`a key of ${key.length} bytes`);
  if (nonce.length !== BOX_NONCE_SIZE) throw new RangeError(`a nonce of ${nonce.length} bytes`);
}
