/**
 * Where replicas lie: in the data folder, or in a storage location that an administrator chose.
 *
 * | path | holds |
 * |---|---|
 * | `DATA/replicas/NAME/` | the replica; or, when it lies elsewhere, `place.json` alone |
 * | `LOCATION/.warmsite` | a record that names the server whose location it is |
 * | `LOCATION/NAME/` | a replica |
 *
 * `place.json` is `{location, made}`. It is durable before anything is written in the location, and `made`
 * is true from the moment when the primary may learn of the replica. So after a crash: without `made` what
 * is in the location is removed, nobody was told of it; with it the replica is there, or its location is
 * not, which the mark tells: a file system that is not mounted leaves an empty folder without one. Then the
 * machine waits, and nothing is written beneath the mount point.
 *
 * @module
 */

import { type Failed, isFailed, localFailure, requestFailure } from "../base/failure.ts";
import { isBlank } from "../history/blank.ts";
import { holdsDisks } from "../history/create_replica.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import { loadRecord, saveRecord } from "../relationship/record.ts";
import type { Task } from "../runtime/task.ts";

/** Says in the data folder where a replica lies. */
const PLACE = "place.json";
/** Says in a location whose it is. No machine's name begins with a dot. */
const MARK = ".warmsite";

/** The folder of one replica. */
export interface ReplicaHome {
  readonly folder: Folder;
  /** The location in which it lies; `undefined` for the data folder. */
  readonly location: string | undefined;
}

interface Place {
  readonly location: string;
  readonly made: boolean;
}

/** Finds, makes and removes the folders of replicas. */
export class ReplicaPlaces {
  readonly #ports: Pick<Ports, "codec" | "data" | "openPlace">;
  readonly #server: string;
  readonly #folder: Folder;

  /** `folder` is that of all replicas in the data folder. */
  constructor(ports: Pick<Ports, "codec" | "data" | "openPlace">, server: string, folder: Folder) {
    this.#ports = ports;
    this.#server = server;
    this.#folder = folder;
  }

  /** Names of the replicas of this server, wherever they lie: durably these. */
  *list(): Task<readonly string[]> {
    yield* this.#folder.flush();
    return yield* this.#folder.list();
  }

  /**
   * The folder of the replica `name`; `undefined` when a crash cut its making or its removal short: then
   * what was left of it is gone. Fails with `not-found` while its location is not there.
   */
  *find(name: string): Task<ReplicaHome | undefined> {
    const own = yield* this.#folder.folder(name);
    const place = yield* this.#place(own);
    if (place === undefined) {
      // One that was removed is gone for good before anything is kept here (see `make`).
      yield* own.flush();
      return { folder: own, location: undefined };
    }
    const { location } = place;
    const there = yield* this.#open(location);
    if (!place.made) {
      yield* this.#clear(there, name);
      return undefined;
    }
    try {
      return { folder: yield* there.folder(name), location };
    } catch (error) {
      if (!isFailed(error, "not-found")) throw error;
      throw localFailure(
        "not-found",
        `The replica of "${name}" is gone from ${location}`,
        "Put its folder back, or remove the machine here and seed it again",
      );
    }
  }

  /** The location of the replica `name`, whether it can be reached or not; `undefined` for the data folder. */
  *locationOf(name: string): Task<string | undefined> {
    try {
      const own = yield* this.#folder.folder(name);
      return (yield* this.#place(own))?.location;
    } catch (error) {
      if (isFailed(error, "damaged", "not-found")) return undefined;
      throw error;
    }
  }

  /** Makes the folder of a replica of which nobody knows yet. */
  *make(name: string, location: string | undefined): Task<ReplicaHome> {
    const own = yield* this.#folder.folder(name, { create: true });
    yield* this.#folder.flush();
    const before = yield* this.#place(own);
    if (location === undefined) {
      // Where a machine of that name lay that is gone: its disks stay there, and nobody looks for it there any more.
      if (before !== undefined) {
        yield* own.remove(PLACE);
        yield* own.flush();
      }
      return { folder: own, location };
    }
    const there = yield* this.#open(location);
    const left = (yield* there.list()).includes(name);
    if (left && before?.location !== location) {
      if (before === undefined) yield* this.#dropOwn(name);
      throw localFailure(
        "exists",
        `There is something called "${name}" in ${location}, and it is no replica of this server`,
        "Move it away; nothing that is there is written over",
      );
    }
    // What nobody was told of is written over; the disks of a machine that ran there and was removed are not.
    if (left && before?.made === true) {
      const disks = yield* there.folder(name);
      if (!(yield* isBlank(disks))) throw holdsDisks(disks, name);
    }
    yield* this.#setPlace(own, { location, made: false });
    if (left) yield* there.remove(name);
    const folder = yield* there.folder(name, { create: true });
    yield* there.flush();
    return { folder, location };
  }

  /** From here on the primary may learn of the replica, and nothing removes it by itself. */
  *told(name: string, { location }: ReplicaHome): Task<void> {
    if (location === undefined) return;
    yield* this.#setPlace(yield* this.#folder.folder(name), { location, made: true });
  }

  /**
   * Removes a replica. Where its location is not there, it is forgotten alone, and the path of what is
   * left is returned.
   */
  *remove(name: string): Task<string | undefined> {
    const own = yield* this.#folder.folder(name, { create: true });
    let place: Place | undefined;
    let there: Folder | undefined;
    try {
      place = yield* this.#place(own);
      if (place !== undefined) there = yield* this.#open(place.location);
    } catch (error) {
      if (!isFailed(error, "damaged", "not-found")) throw error;
    }
    if (there === undefined || place === undefined) {
      yield* this.#dropOwn(name);
      return place === undefined ? undefined : `${place.location}/${name}`;
    }
    yield* this.#setPlace(own, { ...place, made: false });
    yield* this.#clear(there, name);
    return undefined;
  }

  /** Crash within: `made` is false, so the next start ends it. */
  *#clear(there: Folder, name: string): Task<void> {
    yield* there.remove(name);
    yield* there.flush();
    yield* this.#dropOwn(name);
  }

  *#dropOwn(name: string): Task<void> {
    yield* this.#folder.remove(name);
    yield* this.#folder.flush();
  }

  /**
   * Makes `location` one of this server's: the folder, and the mark that tells it from a mount point.
   * Durable when it returns. `inUse` are the machines that lie there already.
   */
  *prepare(location: string, inUse: readonly string[]): Task<void> {
    const { data, codec } = this.#ports;
    if (location === data.path || location.startsWith(`${data.path}/`)) {
      throw requestFailure(
        "bad-argument",
        `"${location}" lies in this server's data folder`,
        "Choose a folder outside of it, or the default location for the data folder itself",
      );
    }
    const folder = yield* this.#ports.openPlace(location, { create: true });
    const owner = yield* this.#owner(folder);
    if (owner === this.#server) return;
    if (owner !== undefined) {
      throw requestFailure(
        "exists",
        `"${location}" is a storage location of server "${owner}"`,
        "Choose a folder of its own for each server",
      );
    }
    if (inUse.length > 0) throw missing(location, inUse);
    yield* saveRecord(codec.kernel, folder, MARK, { server: this.#server });
  }

  /** Opens a location that was prepared; `not-found` when what is there is not what it was. */
  *#open(location: string): Task<Folder> {
    let folder: Folder;
    try {
      folder = yield* this.#ports.openPlace(location);
    } catch (error) {
      if (isFailed(error, "not-found", "bad-argument")) throw missing(location, []);
      throw error;
    }
    if ((yield* this.#owner(folder)) !== this.#server) throw missing(location, []);
    return folder;
  }

  *#owner(folder: Folder): Task<string | undefined> {
    const json = yield* loadRecord(this.#ports.codec.kernel, folder, MARK);
    const server = json?.["server"];
    return typeof server === "string" ? server : undefined;
  }

  *#place(own: Folder): Task<Place | undefined> {
    const json = yield* loadRecord(this.#ports.codec.kernel, own, PLACE);
    if (json === undefined) return undefined;
    const { location, made } = json;
    if (typeof location === "string" && typeof made === "boolean") return { location, made };
    throw localFailure(
      "damaged",
      `"${PLACE}" in ${own.path} makes no sense`,
      "Restore it from a backup of the data folder, or remove the machine and seed it again",
    );
  }

  *#setPlace(own: Folder, place: Place): Task<void> {
    yield* saveRecord(this.#ports.codec.kernel, own, PLACE, { ...place });
  }
}

function missing(location: string, machines: readonly string[]): Failed {
  const whose = machines.length === 0 ? "" : ` (it holds "${machines.join('", "')}")`;
  return localFailure(
    "not-found",
    `The storage location ${location} is not there, or not what it was${whose}`,
    "Mount its file system; what is in it is found again within seconds, and nothing is lost",
  );
}
