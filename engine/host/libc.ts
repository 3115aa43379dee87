/**
 * The few system calls that the runtime does not offer: holes, locks on open files.
 *
 * Rule: everything here may be absent (no foreign functions, another C library, another system),
 * and every caller has a way without. Calls go to descriptors that node:fs opened, which are the
 * kernel's own. The error number is read right after a synchronous call on the same thread, which
 * is the only time when it is right; calls on other threads return success or failure alone.
 *
 * @module
 */

/** The calls, by what the engine needs of them. */
export interface Libc {
  /** `flock(LOCK_EX | LOCK_NB)`: true when the lock was taken. */
  tryLock(descriptor: number): boolean;
  /**
   * Opens a block device with `O_EXCL`: refused while it is mounted or part of something, and
   * nobody can mount it until `release`. A descriptor for `release` alone, or a negative error
   * number.
   */
  claim(path: string): number;
  /** Closes what `claim` opened. */
  release(claimed: number): void;
  /**
   * `statx`: when contents or inode last changed, ns since 1970, exact. The runtime's own stat
   * gives whole seconds, in which a change would go unseen (T6).
   */
  changedAt(descriptor: number): bigint | undefined;
  /**
   * Locks the bytes by which QEMU's programs tell each other that they use an image, so that they
   * refuse one of ours: false when one of them has it. Goes with the descriptor.
   */
  lockAgainstQemu(descriptor: number): boolean;
  /** `lseek(SEEK_DATA)`: the next byte that is not in a hole, or `undefined` when there is none. */
  nextData(descriptor: number, at: number): number | undefined;
  /** `lseek(SEEK_HOLE)`: the next byte in a hole, the end of the file included. */
  nextHole(descriptor: number, at: number): number;
  /** Makes a hole on another thread; false when that failed, for whatever reason. */
  punchHole(descriptor: number, at: number, length: number): Promise<boolean>;
  /**
   * `fallocate(ZERO_RANGE)` on another thread: a range reads as zeros and keeps its space; false when that failed,
   * for not every file system has it.
   */
  zeroRange(descriptor: number, at: number, length: number): Promise<boolean>;
  /** `punchHole` on this thread, for short ranges. */
  punchHoleNow(descriptor: number, at: number, length: number): boolean;
  /**
   * `pwrite` on another thread: bytes written, or -1. The runtime's own "asynchronous" write runs
   * on the calling thread. `bytes` must stay as they are until it is done.
   */
  writeElsewhere(descriptor: number, bytes: Uint8Array, at: number): Promise<number>;
  /** `posix_fadvise(DONTNEED)` on another thread: clean pages of the file leave the page cache. */
  dropCached(descriptor: number): Promise<void>;
  /** Takes space for `[0, size)` without changing the length; 0 or the error number. */
  allocate(descriptor: number, size: number): number;
}

/** Where the C library lies on the distributions we know; the loader finds the last by itself. */
const PATHS = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
  "libc.so.6",
];

const LOCK_EX_NB = 2 | 4;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;
const ZERO_RANGE = 16;
const FADVISE_DONTNEED = 4;
const ENXIO = 6;
const AT_EMPTY_PATH = 0x1000;
const STATX_CTIME = 0x80;
/** `struct statx` is the same on every architecture: its size, and where ctime lies in it. */
const STATX_SIZE = 256;
const STATX_CTIME_SECONDS = 96;
const STATX_CTIME_NANOS = 104;
const O_CLAIM = 0o2 | 0o200 | 0o2000000; // O_RDWR, O_EXCL, O_CLOEXEC
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const EAGAIN = 11;
const EACCES = 13;
/** QEMU locks single bytes from 100 for what it does and from 200 for what others may not. */
const QEMU_BYTES = { start: 100n, length: 200n };
const NO_PATH = new Uint8Array(1);

/** Opened when the module loads, once and for good: a library that is open is no leak of a test. */
const library = Deno.build.os === "linux" ? openLibrary() : undefined;

/** The C library's calls, or `undefined` where there are none. */
export const libc: Libc | undefined = library === undefined ? undefined : calls(library);

function openLibrary() {
  for (const path of PATHS) {
    try {
      return Deno.dlopen(
        path,
        {
          flock: { parameters: ["i32", "i32"], result: "i32" },
          statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
          fcntl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
          open: { parameters: ["buffer", "i32"], result: "i32" },
          close: { parameters: ["i32"], result: "i32" },
          lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
          fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
          fallocateElsewhere: {
            name: "fallocate",
            parameters: ["i32", "i32", "i64", "i64"],
            result: "i32",
            nonblocking: true,
          },
          pwrite: {
            parameters: ["i32", "buffer", "usize", "i64"],
            result: "isize",
            nonblocking: true,
          },
          posix_fadvise: {
            parameters: ["i32", "i64", "i64", "i32"],
            result: "i32",
            nonblocking: true,
          },
          __errno_location: { parameters: [], result: "pointer" },
        } as const,
      ).symbols;
    } catch {
      // Not there, not loadable, or not allowed: the next one, or none.
    }
  }
  return undefined;
}

/** `fallocate` on another thread, the length as it was; false when it failed, for whatever reason. */
async function fallocateElsewhere(
  c: NonNullable<typeof library>,
  descriptor: number,
  mode: number,
  at: number,
  length: number,
): Promise<boolean> {
  const done = c.fallocateElsewhere(descriptor, mode | KEEP_SIZE, BigInt(at), BigInt(length));
  return await done === 0;
}

function calls(c: NonNullable<typeof library>): Libc {
  const errno = () => {
    const place = c.__errno_location();
    return place === null ? 0 : new Deno.UnsafePointerView(place).getInt32();
  };
  return {
    tryLock: (descriptor) => c.flock(descriptor, LOCK_EX_NB) === 0,
    claim(path) {
      const claimed = c.open(new TextEncoder().encode(`${path}\0`), O_CLAIM);
      return claimed >= 0 ? claimed : -errno();
    },
    release: (claimed) => void c.close(claimed),
    changedAt(descriptor) {
      const answer = new Uint8Array(STATX_SIZE);
      if (c.statx(descriptor, NO_PATH, AT_EMPTY_PATH, STATX_CTIME, answer) !== 0) return undefined;
      const view = new DataView(answer.buffer);
      const seconds = view.getBigInt64(STATX_CTIME_SECONDS, true);
      return seconds * 1_000_000_000n + BigInt(view.getUint32(STATX_CTIME_NANOS, true));
    },
    lockAgainstQemu(descriptor) {
      // struct flock: type and whence (16 bits each), start, length, process.
      const lock = new DataView(new ArrayBuffer(32));
      lock.setInt16(0, F_WRLCK, true);
      lock.setBigInt64(8, QEMU_BYTES.start, true);
      lock.setBigInt64(16, QEMU_BYTES.length, true);
      if (c.fcntl(descriptor, F_OFD_SETLK, new Uint8Array(lock.buffer)) === 0) return true;
      // Any other error says that this file system has no such locks.
      const error = errno();
      return error !== EAGAIN && error !== EACCES;
    },
    nextData(descriptor, at) {
      const found = Number(c.lseek(descriptor, BigInt(at), SEEK_DATA));
      if (found >= 0) return found;
      // Only ENXIO says that there is no more data; anything else says that nobody knows.
      return errno() === ENXIO ? undefined : at;
    },
    nextHole(descriptor, at) {
      const found = Number(c.lseek(descriptor, BigInt(at), SEEK_HOLE));
      return found >= 0 ? found : Number.MAX_SAFE_INTEGER;
    },
    punchHole: (descriptor, at, length) =>
      fallocateElsewhere(c, descriptor, PUNCH_HOLE, at, length),
    zeroRange: (descriptor, at, length) =>
      fallocateElsewhere(c, descriptor, ZERO_RANGE, at, length),
    punchHoleNow: (descriptor, at, length) =>
      c.fallocate(descriptor, PUNCH_HOLE | KEEP_SIZE, BigInt(at), BigInt(length)) === 0,
    async writeElsewhere(descriptor, bytes, at) {
      const memory = bytes as Uint8Array<ArrayBuffer>;
      // Named again after the call, so that the memory is not given back during it.
      const written = await c.pwrite(descriptor, memory, BigInt(memory.length), BigInt(at));
      return Math.min(Number(written), memory.length);
    },
    async dropCached(descriptor) {
      // An advice: that it was not taken is no failure.
      await c.posix_fadvise(descriptor, 0n, 0n, FADVISE_DONTNEED);
    },
    allocate: (descriptor, size) =>
      c.fallocate(descriptor, KEEP_SIZE, 0n, BigInt(size)) === 0 ? 0 : errno(),
  };
}
