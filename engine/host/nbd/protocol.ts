/**
 * The numbers of the NBD protocol, by the names that its specification gives them.
 *
 * Rule: numbers only; what they mean is known to the files that use them. All fields on the wire are
 * big-endian.
 *
 * @module
 */

/** `NBDMAGIC`, the first half of the greeting, as two 32-bit halves. */
export const NBDMAGIC = [0x4e42444d, 0x41474943] as const;
/** `IHAVEOPT`, the second half of the greeting and the start of every option. */
export const IHAVEOPT = [0x49484156, 0x454f5054] as const;
/** Starts every reply to an option, as two 32-bit halves. */
export const OPTION_REPLY_MAGIC = [0x0003e889, 0x045565a9] as const;
/** Starts every request of the transmission phase. */
export const REQUEST_MAGIC = 0x25609513;
/** Starts a simple reply. */
export const SIMPLE_REPLY_MAGIC = 0x67446698;
/** Starts a chunk of a structured reply. */
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

/** Bytes of a request before its payload. */
export const REQUEST_SIZE = 28;
/** Bytes of a simple reply before its payload. */
export const SIMPLE_REPLY_SIZE = 16;
/** Bytes of the head of a structured chunk. */
export const CHUNK_HEAD_SIZE = 20;
/** Bytes before an option's data: magic, option, length. */
export const OPTION_HEAD_SIZE = 16;
/** Bytes before the data of a reply to an option: magic, option, type, length. */
export const OPTION_REPLY_HEAD_SIZE = 20;

/** The longest READ and WRITE that is served, as announced in the block size constraints. */
export const PAYLOAD_MAX = 32 * 1024 * 1024;
/** The longest string, e.g. an export's name, as the specification bounds it. */
export const STRING_MAX = 4096;
/** The longest option data that is looked at; longer data is skipped and refused. */
export const OPTION_DATA_MAX = 64 * 1024;

/** Handshake flags: the server's 16 bits and the client's 32 bits have the same two. */
export const FLAG_FIXED_NEWSTYLE = 1;
/** No 124 zero bytes after `NBD_OPT_EXPORT_NAME`. */
export const FLAG_NO_ZEROES = 2;

/** Options: `NBD_OPT_…`. */
export const OPT = {
  EXPORT_NAME: 1,
  ABORT: 2,
  LIST: 3,
  STARTTLS: 5,
  INFO: 6,
  GO: 7,
  STRUCTURED_REPLY: 8,
  LIST_META_CONTEXT: 9,
  SET_META_CONTEXT: 10,
} as const;

/** Replies to options: `NBD_REP_…`. */
export const REP = {
  ACK: 1,
  SERVER: 2,
  INFO: 3,
  META_CONTEXT: 4,
  ERR_UNSUP: 0x80000001,
  ERR_POLICY: 0x80000002,
  ERR_INVALID: 0x80000003,
  ERR_UNKNOWN: 0x80000006,
  ERR_SHUTDOWN: 0x80000007,
  ERR_TOO_BIG: 0x80000009,
} as const;

/** Kinds of information about an export: `NBD_INFO_…`. */
export const INFO = { EXPORT: 0, NAME: 1, DESCRIPTION: 2, BLOCK_SIZE: 3 } as const;

/** Transmission flags of an export: `NBD_FLAG_…`. */
export const EXPORT_FLAG = {
  HAS_FLAGS: 1,
  READ_ONLY: 2,
  SEND_FLUSH: 4,
  SEND_FUA: 8,
  SEND_TRIM: 32,
  SEND_WRITE_ZEROES: 64,
  SEND_DF: 128,
  CAN_MULTI_CONN: 256,
  SEND_CACHE: 1024,
  SEND_FAST_ZERO: 2048,
} as const;

/** Commands: `NBD_CMD_…`. */
export const CMD = {
  READ: 0,
  WRITE: 1,
  DISC: 2,
  FLUSH: 3,
  TRIM: 4,
  CACHE: 5,
  WRITE_ZEROES: 6,
  BLOCK_STATUS: 7,
} as const;

/** Flags of commands: `NBD_CMD_FLAG_…`. */
export const CMD_FLAG = { FUA: 1, NO_HOLE: 2, DF: 4, REQ_ONE: 8, FAST_ZERO: 16 } as const;

/** Types of structured chunks: `NBD_REPLY_TYPE_…`. */
export const CHUNK = {
  NONE: 0,
  OFFSET_DATA: 1,
  OFFSET_HOLE: 2,
  BLOCK_STATUS: 5,
  ERROR: 0x8001,
  ERROR_OFFSET: 0x8002,
} as const;
/** Set in the flags of the last chunk of a structured reply. */
export const CHUNK_FLAG_DONE = 1;

/** Errors of commands, which happen to be Linux's numbers. */
export const ERRNO = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** The one metadata context that is served. */
export const BASE_ALLOCATION = "base:allocation";
/** Flags of an extent of `base:allocation`. */
export const STATE = { HOLE: 1, ZERO: 2 } as const;
