import { Failure } from "../../protocol/failure.ts";

/** What a file says about how it wants to be run. An absent setting means the run's own default. */
export interface Directives {
  readonly noTransaction: boolean;
  readonly settings: {
    /** Checked durations as PostgreSQL takes them, such as `5000ms`. */
    readonly lockTimeout?: string;
    readonly statementTimeout?: string;
    /** `false` where the file must not be tried a second time. */
    readonly retry?: boolean;
  };
}

const marker = "-- hasura:no-transaction";
const directive = /^--\s*hasura-migrate:(.*)$/;
const units: Record<string, number> = { "": 1, ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
const unicodeBlanks = /^[\t-\r \u0085\p{Z}]+|[\t-\r \u0085\p{Z}]+$/gu;

/**
 * True when the first line, as far as it lies in the first 256 bytes, is the marker and nothing
 * else (docs/internals/hasura-protocol.md, "The marker for files outside a transaction").
 */
export function hasNoTransactionMarker(text: string): boolean {
  const head = Buffer.from(text.slice(0, 256), "utf8").subarray(0, 256).toString("utf8");
  const [line = ""] = head.split("\n", 1);
  return line.replace(unicodeBlanks, "") === marker;
}

/**
 * Reads the marker and the `-- hasura-migrate: key=value` lines among the comments before the first SQL.
 * `text` comes without its byte order mark. Throws `usage/bad-directive` for an unknown key or value, naming `file` and line.
 */
export function readDirectives(text: string, file: string): Directives {
  const settings: { lockTimeout?: string; statementTimeout?: string; retry?: boolean } = {};
  const seen = new Set<string>();
  for (const [index, line] of commentLines(text)) {
    const match = directive.exec(line);
    if (!match) continue;
    const fail = (problem: string): Failure => badDirective(file, index + 1, problem);
    const [key = "", value] = (match[1] ?? "").split("=", 2).map((part) => part.trim());
    if (value === undefined || value === "")
      throw fail(`"${line}" is not of the form "-- hasura-migrate: key=value"`);
    if (seen.has(key)) throw fail(`${key} is set twice`);
    seen.add(key);
    if (key === "lock_timeout") settings.lockTimeout = duration(value, fail);
    else if (key === "statement_timeout") settings.statementTimeout = duration(value, fail);
    else if (key === "retry" && value === "off") settings.retry = false;
    else if (key === "retry") throw fail(`retry can only be "off", not "${value}"`);
    else throw fail(`"${key}" is no setting`);
  }
  return { noTransaction: hasNoTransactionMarker(text), settings };
}

/** The `--` lines above the first SQL with their index; blank lines and block comments between them are passed over. */
function* commentLines(text: string): Generator<[number, string]> {
  let inBlock = false;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.trim();
    if (inBlock || line.startsWith("/*")) {
      inBlock = !line.includes("*/");
      if (!inBlock && !line.endsWith("*/")) return;
    } else if (line.startsWith("--")) yield [index, line];
    else if (line !== "") return;
  }
}

/** In milliseconds, so that what reaches SQL is made of digits whatever the file said. */
function duration(value: string, fail: (problem: string) => Failure): string {
  const match = /^'?([0-9]{1,9})\s*(ms|s|min|h)?'?$/.exec(value);
  if (!match) throw fail(`"${value}" is no duration such as 5s, 500ms or 2min`);
  return `${String(Number(match[1]) * (units[match[2] ?? ""] ?? 1))}ms`;
}

function badDirective(file: string, line: number, problem: string): Failure {
  return new Failure("usage", "bad-directive", `${file}, line ${line}: ${problem}.`, {
    hints: ["known settings: lock_timeout=5s, statement_timeout=10min, retry=off"],
  });
}
