/**
 * Signals of a running server: SIGTERM and SIGINT stop it, a second one at once; SIGHUP reads the
 * certificates again.
 *
 * @module
 */

/** What signals do. */
export interface SignalHandlers {
  /** The first SIGTERM or SIGINT. */
  readonly stop: (signal: string) => void;
  /** Any further one. */
  readonly force: (signal: string) => void;
  /** SIGHUP. */
  readonly reload: () => void;
}

/** Listens to signals; returns how to stop listening. */
export function listenToSignals({ stop, force, reload }: SignalHandlers): () => void {
  let asked = false;
  const ends = (["SIGTERM", "SIGINT"] as const).map((signal) => {
    const listener = () => {
      const again = asked;
      asked = true;
      (again ? force : stop)(signal);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  Deno.addSignalListener("SIGHUP", reload);
  return () => {
    for (const end of ends) end();
    Deno.removeSignalListener("SIGHUP", reload);
  };
}
