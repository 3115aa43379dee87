/**
 * Files of the person's own disk: opened and saved by the browser alone, without a server.
 *
 * @module
 */

/** No scenario is so long; whoever chooses a film by mistake shall not wait for it. */
const OPEN_MAX = 1024 * 1024;

/** A file that was chosen cannot be taken, and why. */
export class UnreadableFile extends Error {}

/** The text of a chosen file. */
export async function readChosen(file: File): Promise<string> {
  if (file.size > OPEN_MAX) {
    throw new UnreadableFile(`${file.name} is no scenario: it is larger than 1 MiB.`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableFile(`${file.name} is no scenario: it is not text in UTF-8.`);
  }
}

/** Lets the person keep `text` as a file. */
export function saveAs(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by the next turn, and would else keep it as long as the page is open.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
