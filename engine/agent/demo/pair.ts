/**
 * The two servers of a demo, with an authority of their own.
 *
 * @module
 */

import { initAuthority, issueToServer } from "../../host/pki.ts";
import { createHome } from "../home.ts";
import { ChildServer } from "./child_server.ts";
import type { Stage } from "./stage.ts";

/** A primary and a replica that trust each other. */
export interface ServerPair {
  readonly primary: ChildServer;
  readonly replica: ChildServer;
}

/** Makes homes and certificates and starts both servers on free ports of this host. */
export async function startPair(stage: Stage): Promise<ServerPair> {
  const { folder } = stage;
  await initAuthority(`${folder}/ca`);
  const starts = await Promise.allSettled([
    startServer(stage, "primary"),
    startServer(stage, "replica"),
  ]);
  // Both have started or failed before anything is cleared away.
  const [primary, replica] = starts.map((start) => {
    if (start.status === "rejected") throw start.reason;
    return start.value;
  });
  return { primary, replica } as ServerPair;
}

async function startServer(stage: Stage, name: string): Promise<ChildServer> {
  const data = `${stage.folder}/${name}`;
  await createHome(data, { name, listen: "127.0.0.1:0" });
  await issueToServer(`${stage.folder}/ca`, data);
  stage.checkOpen();
  return await ChildServer.start(data, (end) => stage.atEnd(end));
}
