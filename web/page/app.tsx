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
import { newestRun, scenario } from "../state/drill.ts";
import { notices, settle, spoken } from "../state/notices.ts";
import { share } from "../state/sharing.ts";
import { switchTheme, theme } from "../state/theme.ts";
import { helping, view, VIEWS } from "../state/views.ts";
import { Transport } from "../transport/transport.tsx";
import { EventLog } from "./event_log.tsx";
import { Help } from "./help.tsx";
import { ScenarioChoice } from "./scenario_choice.tsx";

function Head() {
  const playing = newestRun.value?.source.seed;
  return (
    <header class="head">
      <h1>
        Warmsite <span>lab</span>
      </h1>
      <ScenarioChoice />
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
