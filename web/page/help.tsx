/**
 * The keys of the page, listed.
 *
 * @module
 */

import { useEffect, useRef } from "preact/hooks";
import { helping } from "../state/views.ts";
import { KEYS } from "./keys.ts";

/** The list, in front of the page while it is asked for. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helping.value;
  useEffect(() => {
    if (open && dialog.current?.open === false) dialog.current.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="help-title"
      onClose={() => {
        helping.value = false;
      }}
    >
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(({ cap, about }) => (
          <div key={cap}>
            <dt>
              <kbd>{cap}</kbd>
            </dt>
            <dd>{about}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="primary" onClick={() => dialog.current?.close()}>Close</button>
    </dialog>
  );
}
