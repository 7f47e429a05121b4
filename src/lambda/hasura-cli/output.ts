import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";

/** One line of the official CLI's stderr. `text`: not one of its log lines, such as a line of a panic. */
export interface CliLine {
  readonly level: "debug" | "info" | "warning" | "error" | "fatal" | "text";
  readonly message: string;
}

const JsonLine = z.object({
  level: z.enum(["debug", "info", "warning", "error", "fatal"]),
  msg: z.string(),
});
/**
 * The last line of a CLI that fails; the message is quoted if necessary
 * (docs/internals/hasura-protocol.md, "Exit codes and output").
 */
const fatalLine = /^time="[^"]*" level=(?:fatal|error|panic) msg=(.*)$/;

/** Parses stderr line by line, without empty lines. Never throws. */
export function cliLines(stderr: string): CliLine[] {
  return stderr
    .split(/\r?\n|\r/)
    .filter((line) => line.trim() !== "")
    .map(lineOf);
}

/**
 * Why the CLI failed: the error it encountered in the database, else its fatal message, else its last line. Empty if it wrote
 * nothing.
 */
export function reasonOf(lines: readonly CliLine[]): string {
  const encountered = lines
    .flatMap(({ level, message }) =>
      level === "error" ? [/encountered: \s*([^]+)$/.exec(message)?.[1] ?? ""] : [],
    )
    .at(-1);
  const fatal = lines.findLast(({ level }) => level === "fatal");
  return (encountered || fatal?.message || lines.at(-1)?.message || "").trim();
}

function lineOf(line: string): CliLine {
  const json = line.startsWith("{") ? JsonLine.safeParse(parseJson(line)).data : undefined;
  if (json) return { level: json.level, message: json.msg };
  const fatal = fatalLine.exec(line)?.[1];
  return fatal === undefined
    ? { level: "text", message: line }
    : { level: "fatal", message: unquoted(fatal) };
}

/** Go's quoting is JSON's, except for rare escapes. */
function unquoted(text: string): string {
  const value = text.startsWith('"') ? parseJson(text) : undefined;
  return typeof value === "string" ? value : text.replace(/^"|"$/g, "");
}
