import type { EventOf } from "../../../protocol/events.ts";
import { plural } from "../format.ts";
import { fencedCode, markdownTable } from "../markdown/markdown-text.ts";
import { colorsFor } from "../terminal/colors.ts";
import { differencesText, metadataDiffLines } from "../views/metadata-diff.ts";

/** What one environment answered to `metadata diff`; without an answer `failure` is the reason. */
export interface EnvironmentDiff {
  readonly environment: string;
  readonly event: EventOf<"metadata.diff"> | undefined;
  readonly failure?: string | undefined;
}

export interface DiffReport {
  readonly diffs: readonly EnvironmentDiff[];
  /** Show objects inside added and removed ones, and the whole of long values. */
  readonly full: boolean;
}

/** GitHub refuses a comment of more than 65,536 characters. */
const longestReport = 60_000;
/** Rows of the table of environments. */
const mostRows = 100;
/** A failure, or a line of a difference without `--full`. */
const longestLine = 500;

/** How the metadata differs where, as Markdown for a pull request. Environments with the same differences share a part. */
export function diffsMarkdown({ diffs, full }: DiffReport): string {
  const start = ["### hasura-migrate metadata diff", "", overview(diffs), ""].join("\n");
  const parts: string[] = [start];
  let room = longestReport - start.length;
  for (const { environments, lines } of groupsOf(diffs, full)) {
    const title = diffs.length > 1 ? `#### ${environments.join(", ")}\n\n` : "";
    const part = `\n${title}${block(lines, room - title.length)}\n`;
    parts.push(part);
    room -= part.length;
  }
  return parts.join("");
}

function overview(diffs: readonly EnvironmentDiff[]): string {
  const rows = diffs
    .slice(0, mostRows)
    .map(({ environment, event, failure = "it was not queried" }) => [
      environment,
      event === undefined ? short(`no answer: ${failure}`) : differencesText(event),
    ]);
  const more = diffs.length - rows.length;
  return [
    markdownTable(["environment", "metadata"], rows),
    ...(more > 0 ? ["", `… and ${plural(more, "more environment")}`] : []),
  ].join("\n");
}

interface Group {
  readonly environments: string[];
  readonly lines: readonly string[];
}

function groupsOf(diffs: readonly EnvironmentDiff[], full: boolean): Group[] {
  const groups = new Map<string, Group>();
  for (const { environment, event } of diffs) {
    if (event === undefined || (event.changes.length === 0 && event.inconsistent.length === 0))
      continue;
    const lines = linesOf(event, full);
    const known = groups.get(lines.join("\n"));
    if (known) known.environments.push(environment);
    else groups.set(lines.join("\n"), { environments: [environment], lines });
  }
  return [...groups.values()];
}

/** The lines of the terminal, without their heading. Each begins with its mark or sign, so that GitHub colours it. */
function linesOf(event: EventOf<"metadata.diff">, isFull: boolean): string[] {
  const style = colorsFor({ isTTY: false }, {}, false);
  const [, ...lines] = metadataDiffLines(event, { style, columns: Infinity, isFull });
  return lines.map((line) => {
    const moved = line.replace(/^( +)([-+~]) /, "$2 $1");
    return isFull ? moved : short(moved);
  });
}

/** As many lines as there is room for, and how many were left out. */
function block(lines: readonly string[], room: number): string {
  const shown: string[] = [];
  // For the fence, and for the line that counts the others.
  let left = room - 200;
  for (const line of lines) {
    left -= line.length + 1;
    if (left < 0) break;
    shown.push(line);
  }
  const omitted = lines.length - shown.length;
  const note = `_${plural(omitted, "line")} omitted because of the length limit._`;
  if (shown.length === 0) return note;
  return [fencedCode(shown.join("\n"), "diff"), ...(omitted > 0 ? [note] : [])].join("\n\n");
}

function short(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine - 1)}…` : text;
}
