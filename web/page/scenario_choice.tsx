/**
 * The choice of a scenario: those of the library, and behind them those that are saved on this lab.
 *
 * @module
 */

import { changeText, scenario, seed } from "../state/drill.ts";
import { library } from "../state/library.ts";
import { settle, tell } from "../state/notices.ts";
import { busy, isSaved, openSaved, outcome, saved } from "../state/saved_scenarios.ts";

/** Before the names of those that are saved; no name of a scenario has such a sign. */
const SAVED = "saved/";

async function open(value: string): Promise<void> {
  if (value.startsWith(SAVED)) return await openFromLab(value.slice(SAVED.length));
  const entry = library.value.find(({ name }) => name === value);
  if (entry === undefined) return;
  seed.value = undefined;
  // What was said of a link was said of what is shown no longer.
  settle("link");
  await changeText(entry.text);
}

/** What goes wrong is told here, below the head, where the choice is made. */
async function openFromLab(name: string): Promise<void> {
  if (await openSaved(name)) {
    settle("link");
    return settle("open");
  }
  const { text } = outcome.value ?? { text: `"${name}" cannot be opened.` };
  outcome.value = undefined;
  tell({ about: "open", kind: "error", text });
}

/** Which of the options it is that the editor has; "" for none. */
function chosenValue(): string {
  const { name } = scenario.value ?? {};
  if (name === undefined) return "";
  if (isSaved(name)) return SAVED + name;
  return library.value.some((entry) => entry.name === name) ? name : "";
}

/** The choice. */
export function ScenarioChoice() {
  const chosen = chosenValue();
  return (
    <label class="choice">
      <span>Scenario</span>
      <select
        value={chosen}
        disabled={busy.value}
        onChange={(event) => {
          const select = event.currentTarget;
          // Where it cannot be opened, the choice is still what the editor has.
          void open(select.value).finally(() => select.value = chosenValue());
        }}
      >
        {chosen === "" && <option value="">{scenario.value?.title ?? "your own"}</option>}
        {saved.value.length === 0 ? <LibraryOptions /> : (
          <>
            <optgroup label="Library">
              <LibraryOptions />
            </optgroup>
            <optgroup label="Saved on this lab">
              {saved.value.map(({ name, title }) => (
                <option key={name} value={SAVED + name}>{`${title} · ${name}`}</option>
              ))}
            </optgroup>
          </>
        )}
      </select>
    </label>
  );
}

function LibraryOptions() {
  return (
    <>
      {library.value.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
    </>
  );
}
