/**
 * A server: both roles, the connections between servers, and the verbs that everything outside calls.
 *
 * @module
 */
// Long because: how a server starts and stops names each of its parts once.

import { isFailed, localFailure, requestFailure } from "../base/failure.ts";
import { STOP_DEADLINE } from "../base/limits.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { type Incarnation, SECOND } from "../base/units.ts";
import type { Connection, Listener } from "../ports/network.ts";
import type { Ports } from "../ports/ports.ts";
import { Links } from "../primary/links.ts";
import { CommandBook } from "../relationship/command_book.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { all, endsWithin } from "../runtime/together.ts";
import { Session } from "../wire/session.ts";
import { SessionBound, tooManySessions } from "../wire/session_bound.ts";
import { Authorization } from "./authorization.ts";
import { probeConnection, type ProbeOptions } from "./connection_probe.ts";
import { keepReversing, reverseAgain } from "./cut_reversal.ts";
import { Exports } from "./exports.ts";
import { untilStarted } from "./moved_start.ts";
import { tellOtherRole } from "./other_role.ts";
import { PrimaryRole } from "./primary_role.ts";
import { ReplicaPlaces } from "./replica_places.ts";
import { bringUpPlanned } from "./planned_failover.ts";
import { ReplicaRole } from "./replica_role.ts";
import { RequestWatch } from "./request_watch.ts";
import type { ServerPolicy } from "./server_policy.ts";
import { ServerRecord } from "./server_record.ts";
import type { ServerSettings } from "./settings.ts";
import { VERBS } from "./verbs.ts";
import { watchedPorts } from "./watched_storage.ts";

/** Folder of the machines whose guests run here. */
const MACHINES = "machines";
/** Folder of the machines that are replicated to here. */
const REPLICAS = "replicas";
/** Folder of untrusted marks (T7). */
const MARKS = "marks";

/** One server process. */
export class Server {
  readonly ports: Ports;
  readonly settings: ServerSettings;
  /** What an administrator chose for the whole of it, durably. */
  readonly record: ServerRecord;
  /** Who may replicate to here. */
  readonly authorization: Authorization;
  readonly places: ReplicaPlaces;
  /** What administrators set for the guests of its machines. */
  readonly commands: CommandBook;
  readonly exports: Exports;
  readonly primary: PrimaryRole;
  readonly replica: ReplicaRole;
  readonly #scope: Scope;
  readonly #incarnation: Incarnation;
  readonly #sessions = new SessionBound();
  #listener: Listener | undefined;
  #stopping = false;
  /** Verbs under way. */
  #underWay = 0;
  readonly #calm = new Signal();

  private constructor(parts: ServerParts) {
    this.ports = parts.ports;
    this.settings = parts.settings;
    this.record = parts.record;
    this.authorization = parts.authorization;
    this.places = parts.places;
    this.commands = parts.commands;
    this.exports = parts.exports;
    this.primary = parts.primary;
    this.replica = parts.replica;
    this.#scope = parts.scope;
    this.#incarnation = parts.incarnation;
  }

  /** Opens everything in the data folder, recovers it, listens to peers and goes on replicating. */
  static *start(own: Ports, settings: ServerSettings): Task<Server> {
    const scope = new Scope(own.loop, `server/${settings.name}`);
    const ports = watchedPorts(own, new RequestWatch(own.clock, scope));
    const machines = yield* ports.data.folder(MACHINES, { create: true });
    const replicas = yield* ports.data.folder(REPLICAS, { create: true });
    const marks = yield* ports.data.folder(MARKS, { create: true });
    yield* ports.data.flush();
    const record = yield* ServerRecord.open(ports);
    const commands = yield* CommandBook.open(ports, settings.commands);
    const { geometry, slots, cowSizeMax, name } = settings;
    const incarnation = newIdentity<Incarnation>(ports.entropy);
    const exports = new Exports();
    const links = new Links(ports, scope, { server: name, incarnation });
    // Bound first: what peers are told of where this server listens is where it really does. Who comes before
    // everything is open waits.
    const listener = settings.listen === undefined
      ? undefined
      : yield* ports.network.listen(settings.listen);
    const listen = listener?.address;
    const tracking = { slots, cowSizeMax, marks };
    const monitoring = () => record.policy;
    const here = { ports, server: name, listen, geometry, copyRun: settings.copyRun };
    const context = { ...here, ...tracking, commands, monitoring, lostFlushes: new Map() };
    links.outgoing.limit(record.policy);
    const primary = new PrimaryRole(context, machines, exports, links);
    const authorization = new Authorization(record, name, settings.listen !== undefined);
    const places = new ReplicaPlaces(ports, name, replicas);
    const receiving = { ports, server: name, tracking, monitoring };
    const parts = { context: receiving, settings, places, authorization, exports, primary };
    const replica = new ReplicaRole(parts);
    const server = new Server({
      ports,
      settings,
      record,
      authorization,
      places,
      commands,
      exports,
      primary,
      replica,
      scope,
      incarnation,
    });
    server.#listener = listener;
    try {
      yield* primary.open();
      yield* replica.open();
      yield* commands.keep((machine) => primary.has(machine) || replica.has(machine));
      commands.thawLeft();
      yield* server.#goOn();
      if (listener !== undefined) scope.spawn("listen", server.#listen(listener));
      // Behind listening: of two servers that start at once each is asked by the other.
      yield* primary.askPeers();
      return server;
    } catch (error) {
      // What was opened is closed cleanly (T6), so that the next start has nothing to compare.
      yield* server.stop();
      throw error;
    }
  }

  /** The address at which peers reach this server. */
  get address(): string | undefined {
    return this.#listener?.address;
  }

  /** Does what `verb` says; the table is in `verbs.ts`. Throws `Failed` for what cannot be done. */
  *call(verb: string, args: JsonObject): Task<Json> {
    this.refuseWhileStopping();
    const definition = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (definition === undefined) {
      throw requestFailure("bad-argument", `No verb "${verb}"`, 'Look at "warmsite help"');
    }
    this.#underWay++;
    try {
      return yield* definition.run(this, args);
    } catch (error) {
      throw tellOtherRole(this, args, error);
    } finally {
      this.#underWay--;
      this.#calm.notify();
    }
  }

  /** True once it stops: nobody waits for others any more. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Fails with `busy` once the server stops; for verbs that wait for others. */
  refuseWhileStopping(): void {
    if (this.#stopping) throw localFailure("busy", "The server is stopping", "Start it again");
  }

  /** Tests whether this server could replicate to another one. */
  probe(options: ProbeOptions): Task<JsonObject> {
    const hello = { server: this.settings.name, incarnation: this.#incarnation };
    return probeConnection(this.ports, hello, options);
  }

  /**
   * Replaces what was chosen for the whole server, durably, and has it hold: when this returns, nobody who
   * may not be a primary any more has anything in flight.
   */
  *choose(change: (policy: ServerPolicy) => ServerPolicy): Task<void> {
    this.primary.limit(yield* this.record.change(change));
    yield* this.replica.admitAgain();
  }

  /**
   * Makes this server the primary of a machine that was failed over to it (M51); `settings` are those of
   * the replication back. Each step is durable, and goes on after a crash.
   */
  reverse(name: string, settings: RelationshipSettings | undefined): Task<void> {
    return this.replica.reverse(name, settings, (promotion) => this.primary.promote(promotion));
  }

  /** Goes on with changes of roles that a crash cut short, and does those that are asked for from here on. */
  *#goOn(): Task<void> {
    for (const name of this.replica.reversing()) {
      yield* reverseAgain(this, name);
      this.#scope.spawn(`reverse/${name}`, keepReversing(this, name));
    }
    this.replica.whenTaken((machine) => bringUpPlanned(this, machine));
    for (const name of this.commands.owed.machines) {
      this.#scope.spawn(`start/${name}`, untilStarted(this, name));
    }
  }

  *#listen(listener: Listener): Task<void> {
    for (;;) {
      const connection = yield* listener.accept();
      if (connection === undefined) return;
      this.#scope.spawn("peer", this.#greet(connection));
    }
  }

  /** One connection, from hello until it ends. What a peer does wrong ends it, and nothing else. */
  *#greet(connection: Connection): Task<void> {
    const peer = connection.peer.name;
    const admission = this.#sessions.enter(peer);
    if (admission === "dropped") return connection.close();
    try {
      const hello = { server: this.settings.name, incarnation: this.#incarnation };
      const session = yield* Session.start(
        this.ports,
        this.#scope,
        connection,
        "responder",
        hello,
        { authorize: () => this.authorization.wouldAccept(peer) },
      );
      if (admission === "refused") session.close(tooManySessions(peer));
      this.ports.observer.emit({ kind: "connected", peer });
      for (;;) {
        const channel = yield* session.accept();
        if (channel === undefined) break;
        this.#scope.spawn("channel", this.replica.serve(channel));
      }
      const reason = session.closeReason?.message ?? "closed";
      this.ports.observer.emit({ kind: "disconnected", peer, reason });
    } catch (error) {
      connection.close();
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.ports.observer.emit({ kind: "disconnected", peer, reason: error.failure.message });
    } finally {
      this.#sessions.leave(peer);
    }
  }

  /**
   * Stops in order: no new peers, replication cancelled, verbs under way ended, guests dropped, logs
   * closed cleanly. What hangs is left as it stands after a while, as a crash would leave it.
   */
  *stop(): Task<void> {
    this.#stopping = true;
    this.#listener?.close();
    const stopping = this.#stopInOrder();
    if (yield* endsWithin(this.ports.clock, STOP_DEADLINE, "stop", stopping)) return;
    throw localFailure(
      "timed-out",
      `Something of this server does not end within ${STOP_DEADLINE / SECOND} s`,
      "End its process; the next start finds everything, and compares what was being written",
    );
  }

  *#stopInOrder(): Task<void> {
    const calm = this.#calm;
    // Nobody waits for minutes until a machine has started.
    yield* this.commands.end();
    // A machine that hangs keeps no other from being closed in order.
    yield* all("stop", [
      this.primary.close(() => calm.until(() => this.#underWay === 0)),
      this.#closeReplicas(),
    ]);
    yield* this.#scope.cancel();
  }

  *#closeReplicas(): Task<void> {
    this.replica.stopImports();
    yield* this.#calm.until(() => this.#underWay === 0);
    yield* this.replica.close();
  }
}

interface ServerParts {
  readonly ports: Ports;
  readonly settings: ServerSettings;
  readonly record: ServerRecord;
  readonly authorization: Authorization;
  readonly places: ReplicaPlaces;
  readonly commands: CommandBook;
  readonly exports: Exports;
  readonly primary: PrimaryRole;
  readonly replica: ReplicaRole;
  readonly scope: Scope;
  readonly incarnation: Incarnation;
}
