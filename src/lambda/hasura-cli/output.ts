import * as z from "zod";

/** One thing the official CLI said on stderr. `text`: a line that is none of its log lines, such as a panic's. */
export interface CliLine {
  readonly level: "debug" | "info" | "warning" | "error" | "fatal" | "text";
  readonly message: string;
}

const JsonLine = z.object({
  level: z.enum(["debug", "info", "warning", "error", "fatal"]),
  msg: z.string(),
});
/**
 * How its last line looks when it fails: quoted where it has to be
 * (docs/internals/hasura-protocol.md, "Exit codes and output").
 */
const fatalLine = /^time="[^"]*" level=(?:fatal|error|panic) msg=(.*)$/;

/** What stderr holds, line by line; empty lines are left out. Never throws, whatever is in it. */
export function cliLines(stderr: string): CliLine[] {
  return stderr
    .split(/\r?\n|\r/)
    .filter((line) => line.trim() !== "")
    .map(lineOf);
}

/**
 * Why the CLI failed: what it met in the database at hand, else the line it ended with, else the last it wrote.
 * Empty where it wrote nothing.
 */
export function reasonOf(lines: readonly CliLine[]): string {
  const met = lines
    .flatMap(({ level, message }) =>
      level === "error" ? [/encountered: \s*([^]+)$/.exec(message)?.[1] ?? ""] : [],
    )
    .at(-1);
  const fatal = lines.findLast(({ level }) => level === "fatal");
  return (met || fatal?.message || lines.at(-1)?.message || "").trim();
}

function lineOf(line: string): CliLine {
  const json = line.startsWith("{") ? JsonLine.safeParse(parsed(line)).data : undefined;
  if (json) return { level: json.level, message: json.msg };
  const fatal = fatalLine.exec(line)?.[1];
  return fatal === undefined
    ? { level: "text", message: line }
    : { level: "fatal", message: unquoted(fatal) };
}

/** Go's quoting is JSON's, but for escapes that hardly ever occur. */
function unquoted(text: string): string {
  const value = text.startsWith('"') ? parsed(text) : undefined;
  return typeof value === "string" ? value : text.replace(/^"|"$/g, "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
