/**
 * The page: its head, what it has to tell, and the part that is in front.
 *
 * @module
 */

import { CampaignView } from "../campaign/campaign_view.tsx";
import { Charts } from "../charts/charts.tsx";
import { Editor } from "../editor/editor.tsx";
import { Palette } from "../palette/palette.tsx";
import { ReportView } from "../report/report_view.tsx";
import { Stage } from "../stage/stage.tsx";
import { changeText, newestRun, scenario, seed } from "../state/drill.ts";
import { library } from "../state/library.ts";
import { notices, settle, spoken } from "../state/notices.ts";
import { share } from "../state/sharing.ts";
import { switchTheme, theme } from "../state/theme.ts";
import { helping, view, VIEWS } from "../state/views.ts";
import { Transport } from "../transport/transport.tsx";
import { EventLog } from "./event_log.tsx";
import { Help } from "./help.tsx";

function Choice() {
  const name = scenario.value?.name ?? "";
  const known = library.value.some((entry) => entry.name === name);
  return (
    <label class="choice">
      <span>Scenario</span>
      <select
        value={known ? name : ""}
        onChange={(event) => {
          const entry = library.value.find((each) => each.name === event.currentTarget.value);
          if (entry === undefined) return;
          seed.value = undefined;
          void changeText(entry.text);
        }}
      >
        {!known && <option value="">{scenario.value?.title ?? "your own"}</option>}
        {library.value.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
      </select>
    </label>
  );
}

function Head() {
  const playing = newestRun.value?.source.seed;
  return (
    <header class="head">
      <h1>
        Warmsite <span>lab</span>
      </h1>
      <Choice />
      {playing !== undefined && <p class="seed">seed {playing}</p>}
      <nav aria-label="Parts">
        {VIEWS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            aria-current={view.value === name ? "page" : undefined}
            onClick={() => {
              view.value = name;
            }}
          >
            {label}
          </button>
        ))}
      </nav>
      <div class="tools">
        <button type="button" onClick={() => void share()}>Share</button>
        <button type="button" onClick={switchTheme}>
          {theme.value === "dark" ? "Light" : "Dark"}
        </button>
        <button
          type="button"
          aria-label="Keys"
          title="Keys"
          onClick={() => {
            helping.value = true;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}

function Notices() {
  return (
    <div class="notices">
      {notices.value.map(({ about, kind, text, action }) => (
        <div key={about} class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
          <p>{text}</p>
          {action !== undefined && (
            <button type="button" onClick={action.run}>{action.label}</button>
          )}
          <button
            type="button"
            aria-label={`Close: ${text}`}
            onClick={() =>
              settle(about)}
          >
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}

/** What this drill is about: its title and the first lines of its story. */
function Story() {
  const read = scenario.value;
  if (read === undefined) return null;
  return (
    <details class="story">
      <summary>
        <strong>{read.title}</strong> <span>{read.story.replace(/\s+/g, " ")}</span>
      </summary>
      <p>{read.story}</p>
    </details>
  );
}

/** The page. */
export function App() {
  return (
    <>
      <Head />
      <Notices />
      <main>
        {view.value === "drill" && (
          <div class="drill">
            <div class="scene">
              <Story />
              <Stage />
              <Transport />
              <Charts />
            </div>
            <div class="desk">
              <Palette />
              <Editor />
              <EventLog />
            </div>
          </div>
        )}
        {view.value === "report" && <ReportView />}
        {view.value === "campaign" && <CampaignView />}
      </main>
      <Help />
      <div class="spoken" role="status" aria-live="polite">{spoken.value}</div>
    </>
  );
}
