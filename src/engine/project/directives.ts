import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { Version } from "../../protocol/migration.ts";
import { isComment, lineAt, tokenize } from "../sql/lexer.ts";

/** How a file is to be run. An absent setting means the run's default. */
export interface Directives {
  readonly noTransaction: boolean;
  /** Versions that the file combines, in their order: `-- hasura-migrate: squashes V1 V2 …`. */
  readonly squashes?: readonly Version[];
  readonly settings: {
    /** Durations in milliseconds as PostgreSQL reads them, such as `5000ms`. */
    readonly lockTimeout?: string;
    readonly statementTimeout?: string;
    /** `false` if the file must not be tried a second time. */
    readonly retry?: boolean;
  };
}

/** The first line of a file that runs outside a transaction. */
export const noTransactionMarker = "-- hasura:no-transaction";
const directive = /^--\s*hasura-migrate:(.*)$/;
/** `-- hasura-migrate: allow RULE because REASON`, which `lint` reads (src/lint/allowances.ts). */
const allowance = /^\s*allow(\s|$)/;
const units: Record<string, number> = { "": 1, ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
const unicodeBlanks = /^[\t-\r \u0085\p{Z}]+|[\t-\r \u0085\p{Z}]+$/gu;

/**
 * True if the first line, as far as it lies in the first 256 bytes, is the marker and nothing
 * else (docs/internals/hasura-protocol.md, "The marker for files outside a transaction").
 */
export function hasNoTransactionMarker(text: string): boolean {
  const head = Buffer.from(text.slice(0, 256), "utf8").subarray(0, 256).toString("utf8");
  const [line = ""] = head.split("\n", 1);
  return line.replace(unicodeBlanks, "") === noTransactionMarker;
}

/**
 * Reads the marker and the `-- hasura-migrate: key=value` comments before the first SQL.
 * `text` is without its byte order mark. Throws `usage/bad-directive` for an unknown key or value, naming `file` and line.
 */
export function readDirectives(text: string, file: string): Directives {
  let settings: Directives["settings"] = {};
  const seen = new Set<string>();
  const squashes: Version[] = [];
  for (const { content, comment, fail } of directivesIn(text, file)) {
    const listed = /^squashes\s(.*)$/.exec(content)?.[1];
    if (listed !== undefined) {
      squashes.push(...readVersions(listed, fail));
      continue;
    }
    const [key = "", value] = content.split("=", 2).map((part) => part.trim());
    if (value === undefined || value === "")
      throw fail(`"${comment}" is not of the form "-- hasura-migrate: key=value"`);
    if (seen.has(key)) throw fail(`${key} is set twice`);
    seen.add(key);
    settings = { ...settings, ...readSetting(key, value, fail) };
  }
  return {
    noTransaction: hasNoTransactionMarker(text),
    settings,
    ...(squashes.length > 0 && { squashes }),
  };
}

/** One `-- hasura-migrate:` comment; `content` is what follows the colon. */
interface DirectiveComment {
  readonly content: string;
  readonly comment: string;
  readonly fail: (problem: string) => Failure;
}

/** The directives before the first SQL, without those for `lint`. */
function* directivesIn(text: string, file: string): Generator<DirectiveComment> {
  for (const { start, comment } of leadingComments(text)) {
    const content = directive.exec(comment)?.[1];
    if (content === undefined || allowance.test(content)) continue;
    const fail = (problem: string): Failure => badDirective(file, lineAt(text, start), problem);
    yield { content: content.trim(), comment, fail };
  }
}

/** Rules of `lint` that a file allows in all of its statements, and why. */
export interface WholeFileAllowance {
  readonly rules: readonly string[];
  readonly reason: string;
}

/** What a file allows `lint` in all of its statements. A directive without a reason allows nothing. */
export function wholeFileAllowances(text: string): WholeFileAllowance[] {
  return [...leadingComments(text)].flatMap(({ comment }) => {
    const content = directive.exec(comment)?.[1] ?? "";
    if (!allowance.test(content)) return [];
    const { rules, reason } = readAllowance(content.replace(allowance, ""));
    return rules.length > 0 && reason !== undefined ? [{ rules, reason }] : [];
  });
}

/** Reads what follows `allow` in a directive; `reason` is absent if it has none. */
export function readAllowance(words: string): {
  readonly rules: readonly string[];
  readonly reason?: string;
} {
  const [, listed = "", reason = ""] = /^(.*?)(?:\bbecause\b(.*))?$/s.exec(words) ?? [];
  const rules = listed.split(/[\s,]+/).filter((rule) => rule !== "");
  return { rules, ...(reason.trim() !== "" && { reason: reason.trim() }) };
}

/** The allowances as one directive; undefined if they allow nothing. */
export function allowanceDirective(allowances: readonly WholeFileAllowance[]): string | undefined {
  const rules = new Set(allowances.flatMap((each) => each.rules));
  if (rules.size === 0) return undefined;
  const reasons = new Set(allowances.map(({ reason }) => reason));
  return `-- hasura-migrate: allow ${[...rules].join(", ")} because ${[...reasons].join("; ")}`;
}

/** The beginning of the lines that list the versions that a file combines. */
export const squashesDirective = "-- hasura-migrate: squashes";

function readVersions(listed: string, fail: (problem: string) => Failure): Version[] {
  return listed
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map((word) => {
      const parsed = Version.safeParse(word);
      if (!parsed.success) throw fail(`"${word}" is not a version`);
      return parsed.data;
    });
}

function readSetting(
  key: string,
  value: string,
  fail: (problem: string) => Failure,
): Directives["settings"] {
  switch (key) {
    case "lock_timeout":
      return { lockTimeout: duration(value, fail) };
    case "statement_timeout":
      return { statementTimeout: duration(value, fail) };
    case "retry":
      if (value !== "off") throw fail(`retry must be "off", not "${value}"`);
      return { retry: false };
    default:
      throw fail(`unknown setting "${key}"`);
  }
}

/** The `--` comments before the first SQL, each with the index of its first character. Block comments are skipped. */
function* leadingComments(text: string): Generator<{ start: number; comment: string }> {
  for (const token of tokenize(text)) {
    if (token.kind === "line-comment") yield { start: token.start, comment: token.text };
    else if (token.kind !== "space" && !isComment(token)) return;
  }
}

/** In milliseconds, so that only digits from the file reach SQL. */
function duration(value: string, fail: (problem: string) => Failure): string {
  const match = /^'?([0-9]{1,9})\s*(ms|s|min|h)?'?$/.exec(value);
  if (!match) throw fail(`"${value}" is not a duration (e.g. 5s, 500ms or 2min)`);
  return `${String(Number(match[1]) * (units[match[2] ?? ""] ?? 1))}ms`;
}

function badDirective(file: string, line: number, problem: string): Failure {
  return new Failure("usage", "bad-directive", `${file}, line ${line}: ${problem}.`, {
    hints: [
      textHint("Directives look like this: lock_timeout=5s, statement_timeout=10min, retry=off."),
    ],
  });
}
