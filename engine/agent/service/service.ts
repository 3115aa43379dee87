/**
 * A running server: the engine on the real world, guests over NBD, management over its socket.
 *
 * Rule: what was opened is closed in the reverse order, also when a later step of the start fails. The
 * home's lock is taken first and given back last, so that two servers never touch one home.
 *
 * @module
 */

import type { Failed } from "../../core/base/failure.ts";
import { localFailure } from "../../core/base/failure.ts";
import {
  ACTIVITY_SLOTS,
  BLOCK_SIZE,
  COW_SIZE_DEFAULT,
  REGION_SIZE,
} from "../../core/base/limits.ts";
import { Server } from "../../core/server/server.ts";
import { parseAddress } from "../../host/address.ts";
import { lockData } from "../../host/data_lock.ts";
import type { TcpAddress } from "../../host/nbd/listen.ts";
import { NbdServer } from "../../host/nbd/server.ts";
import { type NbdAddress, nbdUri } from "../../host/nbd/uri.ts";
import { type RealPorts, realPorts } from "../../host/ports.ts";
import { runTask } from "../../host/real_loop.ts";
import {
  checkSockets,
  type HomeSettings,
  managementSocket,
  nbdSocket,
  readSettings,
} from "../home.ts";
import { listenManagement } from "../management/server.ts";
import type { Log } from "./log.ts";
import { exportSource, exportUser } from "./nbd_exports.ts";

/** How a server is started. */
export interface ServiceOptions {
  /** Its home, absolute. */
  readonly data: string;
  /** Serve NBD over TCP as well. */
  readonly nbdTcp?: TcpAddress;
  readonly log: Log;
  /** Told of a bug of ours: the process must end. */
  readonly panic: (error: Error, task: string) => void;
}

type Undo = () => Promise<void> | void;

/** How long after its start a server starts the codec's threads, ms: short-lived ones never do. */
const WARM_AFTER = 1000;

/** A server that runs. */
export class Service {
  /** What its home says. */
  readonly settings: HomeSettings;
  /** Where peers connect; the port is the real one. */
  readonly listen: string;
  /** Where guests connect, the Unix socket first. */
  readonly nbd: readonly NbdAddress[];
  readonly #ports: RealPorts;
  readonly #undo: Undo[];
  #stopped: Promise<void> | undefined;

  private constructor(
    settings: HomeSettings,
    listen: string,
    nbd: readonly NbdAddress[],
    ports: RealPorts,
    undo: Undo[],
  ) {
    this.settings = settings;
    this.listen = listen;
    this.nbd = nbd;
    this.#ports = ports;
    this.#undo = undo;
  }

  /** Starts a server; when it returns, peers, guests and commands are served. */
  static async start(options: ServiceOptions): Promise<Service> {
    const undo: Undo[] = [];
    try {
      return await begin(options, undo, (...parts) => new Service(...parts, undo));
    } catch (error) {
      await undoAll(undo);
      throw error;
    }
  }

  /** Stops in order: commands, guests, replication; logs are closed cleanly (T6). Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= undoAll(this.#undo);
    return this.#stopped;
  }

  /** Reads the certificates again; on failure those there are stay in use. */
  reloadCertificates(): void {
    this.#ports.network.reload();
  }
}

/** Goes on where one step fails, so that the rest is closed all the same; throws the first failure. */
async function undoAll(undo: Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function begin(
  { data, nbdTcp, log, panic }: ServiceOptions,
  undo: Undo[],
  make: (
    settings: HomeSettings,
    listen: string,
    nbd: readonly NbdAddress[],
    ports: RealPorts,
  ) => Service,
): Promise<Service> {
  const settings = readSettings(data);
  checkSockets(data);
  const lock = lockData(data);
  undo.push(() => lock.release());
  const onRejected = (failure: Failed) => log.failure("peer-refused", failure.failure);
  const guests: NbdAddress = { transport: "unix", path: nbdSocket(data) };
  const uriOf = (disk: string) => nbdUri(guests, disk);
  const ports = realPorts({ dataDir: data, observer: log, panic, onRejected, uriOf });
  undo.push(() => ports.close());
  checkCertificateName(ports, settings, data);
  const { loop } = ports;
  const server = await runTask(loop, Server.start(ports, engineSettings(settings)), "start");
  undo.push(() => runTask(loop, server.stop(), "stop"));
  const nbd = await NbdServer.listen({
    loop,
    exports: exportSource(server.exports),
    unix: nbdSocket(data),
    ...(nbdTcp === undefined ? {} : { tcp: nbdTcp }),
  });
  server.exports.use(exportUser(nbd));
  // Before the engine: guests that find nobody wait, and what they had begun is finished.
  undo.push(() => nbd.close());
  const management = listenManagement(managementSocket(data), {
    loop,
    server,
    surroundings: { nbd: guests, exports: () => server.exports.list() },
    onBug: (problem) => log.write("error", "bug", problem.message),
  });
  undo.push(() => management.close());
  undo.push(warmLater(ports));
  return make(settings, server.address ?? settings.listen, nbd.addresses, ports);
}

/**
 * Starting the codec's threads takes half a second of a core: not while somebody waits for the server,
 * and not in the middle of the first initial replication. Returns how to call it off.
 */
function warmLater(ports: RealPorts): Undo {
  const timer = setTimeout(() => ports.warm(), WARM_AFTER);
  return () => clearTimeout(timer);
}

function engineSettings({ name, listen }: HomeSettings) {
  return {
    name,
    listen,
    geometry: { blockSize: BLOCK_SIZE, regionSize: REGION_SIZE },
    slots: ACTIVITY_SLOTS,
    cowSizeMax: COW_SIZE_DEFAULT,
  };
}

/** Peers know a server by the name in its certificate, its own records by the one in its settings. */
function checkCertificateName(ports: RealPorts, { name }: HomeSettings, data: string): void {
  const certified = ports.network.credentials.name;
  if (certified === name) return;
  throw localFailure(
    "unauthenticated",
    `The certificate in "${data}/tls" is for server "${certified}", and this one is "${name}"`,
    `Issue its own: warmsite pki issue --ca CADIR --data ${data}`,
  );
}

/** `HOST:PORT` for NBD over TCP. */
export function nbdTcpAddress(text: string, anywhere: boolean): TcpAddress {
  const { host, port } = parseAddress(text);
  return { hostname: host, port, anywhere };
}
