/**
 * The verbs that a script may use, and how their arguments are written: the words of the engine's table of verbs.
 *
 * Rule: it is a table of its own, so that a page can check a script without the engine; a test holds it against the engine's.
 *
 * @module
 */

/** How an argument is written. */
export type ArgumentKind =
  | "text"
  | "texts"
  | "flag"
  | "count"
  | "time"
  | "size"
  | "rate"
  /** Rates by address. */
  | "rates"
  /** A recovery point. */
  | "point"
  /** The side that stays. */
  | "side"
  /** A package on media; left out: the machine's own. */
  | "package";

/** Arguments of a verb by name; those with `?` may be left out. The machine, `vm`, is not among them. */
export type VerbArguments = Readonly<Record<string, ArgumentKind>>;

/** A verb as scripts have it. */
export interface VerbWord {
  /** It is about a machine, which has to be named where there are several. */
  readonly machine: boolean;
  readonly args: VerbArguments;
}

const SETTINGS: VerbArguments = {
  "to?": "text",
  "frequency?": "time",
  "retention?": "text",
  "compression?": "flag",
  "bandwidth?": "rate",
  "appConsistent?": "time",
  "resync?": "text",
  "onUnknown?": "text",
  "rpo?": "time",
};

const COMMANDS: VerbArguments = {
  "freeze?": "text",
  "thaw?": "text",
  "start?": "text",
  "stop?": "text",
  "status?": "text",
};

const of = (args: VerbArguments = {}): VerbWord => ({ machine: true, args });
const ofServer = (args: VerbArguments = {}): VerbWord => ({ machine: false, args });
const { "to?": _, ...ENABLING } = SETTINGS;

/** Every verb. */
export const VERB_WORDS: Readonly<Record<string, VerbWord>> = {
  "vm add": of({ disks: "texts" }),
  "vm list": ofServer(),
  "vm remove": of({ "force?": "flag" }),
  "vm disk add": of({ disk: "text" }),
  "vm disk remove": of({ disk: "count" }),
  "vm disk exclude": of({ disk: "count", "off?": "flag" }),
  "vm disk grow": of({ disk: "count", size: "size" }),
  "replication enable": of({
    to: "text",
    ...ENABLING,
    ...COMMANDS,
    "asReplica?": "flag",
    "disks?": "texts",
    "from?": "text",
  }),
  "replication set": of({ ...SETTINGS, ...COMMANDS }),
  "replication start": of({
    "takeOver?": "flag",
    "at?": "text",
    "existingCopy?": "flag",
    "export?": "text",
  }),
  "replication import": ofServer({ path: "package" }),
  "replication stop": of(),
  "replication pause": of(),
  "replication resume": of(),
  "replication statistics": of(),
  "replication reset-statistics": of(),
  "replication cycle": of({ "appConsistent?": "flag" }),
  "replication status": of(),
  "replication disable": of({ "force?": "flag" }),
  "replication verify": of(),
  "replication resync start": of({ "at?": "text" }),
  "replication resync pause": of(),
  "replication resync continue": of(),
  "replication resync cancel": of(),
  "points list": of(),
  "points show": of({ point: "point" }),
  "points export": of({ point: "point", out: "text" }),
  "failover planned": of(),
  "failover prepare": of(),
  "failover test": of({ "point?": "point", "unverified?": "flag", "delete?": "text" }),
  "failover resolve": of({ keep: "side" }),
  "failover reverse": of(SETTINGS),
  "failover start": of({ "point?": "point", "unverified?": "flag" }),
  "failover cancel": of({ "force?": "flag" }),
  "failover complete": of(),
  "server show": ofServer(),
  "server set": ofServer({
    "replica?": "flag",
    "allow?": "text",
    "location?": "text",
    "monitoringInterval?": "time",
    "monitoringStart?": "time",
    "bandwidth?": "rate",
    "bandwidthTo?": "rates",
    "transfers?": "count",
  }),
  "connection test": ofServer({ to: "text", "name?": "text" }),
  "authorization list": ofServer(),
  "authorization add": ofServer({ name: "text", "location?": "text", trustGroup: "text" }),
  "authorization set": ofServer({ name: "text", "location?": "text", "trustGroup?": "text" }),
  "authorization remove": ofServer({ "name?": "text", "trustGroup?": "text" }),
};

/**
 * Verbs that whoever types them may see to: he looks whether it can be, does what belongs to it, and asks again what a crash cut
 * off. `lab/run/careful_verbs.ts` says what each is then.
 */
export const CAREFUL_VERBS = [
  "replication cycle",
  "replication set",
  "replication disable",
  "vm remove",
  "vm disk add",
  "vm disk remove",
  "vm disk exclude",
  "vm disk grow",
  "points export",
  "failover planned",
  "failover prepare",
  "failover test",
  "failover start",
  "failover cancel",
  "failover complete",
  "failover reverse",
  "authorization add",
  "authorization remove",
  "server set",
] as const;

/** A verb that may be typed with care. */
export type CarefulVerb = typeof CAREFUL_VERBS[number];

/** Arguments that a step writes under another name, for its own begins with `at`. */
export const RENAMED_ARGUMENTS: Readonly<Record<string, string>> = { at: "startAt" };

/** An argument without the mark that it may be left out. */
export function argumentName(written: string): string {
  return written.replace("?", "");
}
