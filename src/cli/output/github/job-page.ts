import { appendFile, stat } from "node:fs/promises";
import type { CliContext } from "../../context.ts";

/** What one step may add to the page of its job. GitHub drops the whole text of a step that adds more. */
const mostBytes = 1024 * 1024;
const fullNote = "\n_This page is full; the rest is in the log._\n";

/** A part of the page. */
export interface PageSection {
  readonly text: string;
  /** False for one that may end after any line, such as a table. */
  readonly isWhole: boolean;
}

/** True in a job of GitHub Actions. */
export function isGithubJob({ env }: Pick<CliContext, "env">): boolean {
  return env["GITHUB_ACTIONS"] === "true";
}

/**
 * Adds sections to the page of the job in GitHub Actions, as many as there is room for. Does nothing elsewhere. A page that cannot
 * be written to does not fail the run.
 */
export async function writeJobPage(
  context: Pick<CliContext, "env" | "err">,
  sections: readonly PageSection[],
): Promise<void> {
  const file = context.env["GITHUB_STEP_SUMMARY"];
  if (!isGithubJob(context) || !file || sections.length === 0) return;
  try {
    // An earlier command of the same step may have written to it.
    const used = await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    await appendFile(file, fitting(sections, mostBytes - used));
  } catch {
    context.err.write(`The job summary could not be written to ${file}.\n`);
  }
}

function fitting(sections: readonly PageSection[], bytes: number): string {
  let room = bytes - fullNote.length;
  const shown: string[] = [];
  for (const { text, isWhole } of sections) {
    const part = Buffer.byteLength(text) <= room || !isWhole ? linesWithin(text, room) : "";
    shown.push(part);
    room -= Buffer.byteLength(part);
    if (part === text) continue;
    if (room >= 0) shown.push(fullNote);
    break;
  }
  return shown.join("");
}

/** The text, as far as its lines fit. */
function linesWithin(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const shown: string[] = [];
  let room = bytes;
  for (const line of text.split(/(?<=\n)/)) {
    room -= Buffer.byteLength(line);
    if (room < 0) break;
    shown.push(line);
  }
  return shown.join("");
}
