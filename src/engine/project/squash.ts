import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import { shortenList } from "../../shorten-list.ts";
import { findUnfinished, isComment, lineAt, tokenize } from "../sql/lexer.ts";
import { headOf, nameOf, statementsOf, type Statement } from "../sql/statements.ts";
import {
  noTransactionMarker,
  squashesDirective,
  allowanceDirective,
  wholeFileAllowances,
  type WholeFileAllowance,
  type Directives,
} from "./directives.ts";
import type { MigrationBody } from "./migration-file.ts";
import type { Migration } from "./scan.ts";

/** A migration that becomes a part of another one. */
interface Part {
  readonly label: string;
  readonly version: Version;
  readonly up: PartFile;
  readonly down?: PartFile;
}

interface PartFile {
  readonly label: string;
  readonly path: string;
  readonly body: MigrationBody;
}

/** The files of a migration that does the same as several others. */
export interface SquashedFiles {
  readonly up: string;
  /** Absent only if the caller asked for that. */
  readonly down?: string;
  /** Warnings to read before the parts are removed. */
  readonly notices: readonly string[];
}

/**
 * Combines migrations, given in their order: `up` runs their up files in that order, `down` their down files in reverse. A setting that
 * a file changes is reset after it, as before. Throws `usage/squash-refused` if the result could not do the same as the separate files.
 */
export async function squashedFiles(
  migrations: readonly Migration[],
  { withoutDown }: { readonly withoutDown: boolean },
): Promise<SquashedFiles> {
  const parts = await Promise.all(migrations.map((migration) => partOf(migration, withoutDown)));
  if (parts.length < 2) throw refused("There is only one migration to squash.");
  const again = parts.find(({ up }) => up.body.directives.squashes !== undefined);
  if (again)
    throw refused(
      `${again.up.path} is itself a squash: an environment may still have its parts, and would run their SQL again.`,
      "Start after it: use --from with the version that follows it.",
    );
  const ups = parts.map(({ up }) => up);
  const downs = parts.toReversed().flatMap(({ down }) => (down ? [down] : []));
  const versions = parts.map(({ version }) => version);
  return {
    up: combined(ups, { squashes: versions, hasDown: !withoutDown }),
    ...(!withoutDown && { down: combined(downs, { squashes: [], hasDown: true }) }),
    notices: enumNotices(ups),
  };
}

async function partOf(migration: Migration, withoutDown: boolean): Promise<Part> {
  const { version, up, down } = migration;
  const label = migrationLabel(migration);
  if (!up?.runnable)
    throw refused(
      `${label} has no up.sql, or is a metadata migration.`,
      "Leave it out of the range.",
    );
  const downFile = withoutDown ? undefined : await partFile(label, down);
  if (!withoutDown && (downFile === undefined || downFile.body.blank))
    throw refused(
      `${label} has no down.sql with a statement, so the squash could not be rolled back.`,
      "Write one (SELECT 1; if there is nothing to undo), or use --without-down.",
    );
  const upFile = { label, path: up.path, body: await up.body() };
  return { label, version, up: upFile, ...(downFile && { down: downFile }) };
}

async function partFile(label: string, file: Migration["down"]): Promise<PartFile | undefined> {
  return file?.runnable ? { label, path: file.path, body: await file.body() } : undefined;
}

function combined(
  files: readonly PartFile[],
  { squashes, hasDown }: { readonly squashes: readonly Version[]; readonly hasDown: boolean },
): string {
  for (const file of files) refuseUnusable(file);
  const directives = commonDirectives(files);
  const bodies = files.map(
    (file, i) => `\n-- ${file.label}\n${ownText(file)}${i < files.length - 1 ? resets(file) : ""}`,
  );
  const withoutDown = hasDown
    ? undefined
    : allowanceDirective(
        files.flatMap(({ body }) => allowancesOf(body.sql, (rule) => rule === missingDown)),
      );
  return [...headerLines(directives, squashes), ...(withoutDown ? [withoutDown] : []), ...bodies]
    .join("\n")
    .replace(/\n*$/, "\n");
}

/** The directives that all files share. */
function commonDirectives(files: readonly PartFile[]): Directives {
  const [first] = files;
  const marked = files.filter(({ body }) => body.directives.noTransaction);
  if (marked.length > 0 && marked.length < files.length)
    throw refused(
      `Some of the files run outside a transaction, and others do not: ${shortenList(marked.map(({ path }) => path))}.`,
      "Squash the migrations before it and those after it separately.",
    );
  const settings = first?.body.directives.settings ?? {};
  const other = files.find(
    ({ body }) => JSON.stringify(body.directives.settings) !== JSON.stringify(settings),
  );
  if (first && other)
    throw refused(
      `${other.path} has different directives from ${first.path}, and one file can have only one of each.`,
      "Make them the same, or squash the migrations before it and those after it separately.",
    );
  return { noTransaction: marked.length > 0, settings };
}

const versionsPerLine = 8;

function headerLines(
  { noTransaction, settings }: Directives,
  squashes: readonly Version[],
): string[] {
  const lines: string[] = noTransaction ? [noTransactionMarker] : [];
  for (let start = 0; start < squashes.length; start += versionsPerLine)
    lines.push(`${squashesDirective} ${squashes.slice(start, start + versionsPerLine).join(" ")}`);
  const { lockTimeout, statementTimeout, retry } = settings;
  if (lockTimeout !== undefined) lines.push(`-- hasura-migrate: lock_timeout=${lockTimeout}`);
  if (statementTimeout !== undefined)
    lines.push(`-- hasura-migrate: statement_timeout=${statementTimeout}`);
  if (retry === false) lines.push("-- hasura-migrate: retry=off");
  return lines;
}

/** Words that begin or end a transaction. */
const transactional = /^(begin|start transaction|commit|end|rollback|abort|prepare transaction)\b/;

function refuseUnusable({ path, body: { sql } }: PartFile): void {
  const unfinished = findUnfinished(sql);
  if (unfinished)
    throw refused(
      `${path}, line ${String(lineAt(sql, unfinished.start))}: a quoted string or comment that begins here never ends.`,
    );
  // Their bodies end with END, too.
  const hasAtomicBody = /\bbegin\s+atomic\b/i.test(sql);
  const own = statementsOf(sql).find((statement) => transactional.test(headOf(statement, 2)));
  if (own && !hasAtomicBody)
    throw refused(
      `${path}, line ${String(lineAt(sql, own.start))}: this statement begins or ends a transaction, which would also end that of the other parts.`,
      "Remove the statement: each file runs in a transaction anyway.",
    );
}

/** The statements that reset the settings that a file changed, as the end of its transaction did. */
function resets(file: PartFile): string {
  const statements = statementsOf(file.body.sql).flatMap((statement) => resetOf(statement, file));
  return [...new Set(statements)].map((statement) => `\n${statement};`).join("");
}

function resetOf(statement: Statement, file: PartFile): string[] {
  const at = statement.tokens.findIndex((token) => nameOf(token) === "set_config");
  if (at >= 0) {
    const name = /^'([a-z_.]+)'$/i.exec(statement.tokens[at + 2]?.text ?? "")?.[1];
    if (name === undefined) throw unknownSetting(statement, file);
    return [`RESET ${name}`];
  }
  if (headOf(statement, 1) !== "set") return [];
  const words = headOf(statement, 6).replace(/^set (local (?!=)|session (?!authorization))?/, "");
  const known = resetsOf.find(({ words: beginning }) => beginning.test(words));
  if (known) return [known.reset];
  const name = /^([a-z_]+(?: \. [a-z_]+)?) (?:=|to\b)/.exec(words)?.[1];
  if (name === undefined) throw unknownSetting(statement, file);
  return [`RESET ${name.replaceAll(" ", "")}`];
}

/** Settings with their own syntax after `SET`. */
const resetsOf: readonly { readonly words: RegExp; readonly reset: string }[] = [
  { words: /^constraints /, reset: "SET CONSTRAINTS ALL IMMEDIATE" },
  { words: /^role /, reset: "RESET ROLE" },
  { words: /^session authorization /, reset: "RESET SESSION AUTHORIZATION" },
  { words: /^time zone /, reset: "RESET TimeZone" },
  { words: /^names /, reset: "RESET client_encoding" },
];

function unknownSetting({ start }: Statement, { path, body }: PartFile): Failure {
  return refused(
    `${path}, line ${String(lineAt(body.sql, start))}: this setting would also apply to the parts after it.`,
    "Squash the migrations up to it and those after it separately.",
  );
}

/** The rule that is about the whole migration: the statements of a part cannot allow it. */
const missingDown = "missing-down";

/**
 * A part's text. What it allows in all of its statements is written into each of them, before its semicolon, because before the first
 * statement it would apply to the other parts as well.
 */
function ownText({ body: { sql } }: PartFile): string {
  const text = terminated(withoutDirectives(sql));
  const allowance = allowanceDirective(allowancesOf(sql, (rule) => rule !== missingDown));
  if (allowance === undefined) return text;
  return statementsOf(text).reduceRight(
    (rest, { end }) => `${rest.slice(0, end - 1)}\n${allowance}\n${rest.slice(end - 1)}`,
    text,
  );
}

/** What a file allows in all of its statements, of these rules. */
function allowancesOf(sql: string, isWanted: (rule: string) => boolean): WholeFileAllowance[] {
  return wholeFileAllowances(sql).flatMap(({ rules, reason }) => {
    const wanted = rules.filter(isWanted);
    return wanted.length > 0 ? [{ rules: wanted, reason }] : [];
  });
}

/** The text ends with a semicolon, so that the next one can follow. */
function terminated(sql: string): string {
  let last = "";
  for (const token of tokenize(sql))
    if (token.kind !== "space" && !isComment(token)) last = token.text;
  const text = sql.replace(/\s+$/, "");
  return last === "" || last === ";" ? text : `${text}\n;`;
}

/** The text without the marker and the directives before its first statement: they are at the beginning of the combined file. */
function withoutDirectives(sql: string): string {
  let kept = "";
  let end = 0;
  for (const token of tokenize(sql)) {
    if (token.kind !== "space" && !isComment(token)) break;
    end = token.start + token.text.length;
    const isDirective = /^--\s*hasura(-migrate)?:/.test(token.text);
    if (!isDirective) kept += token.text;
  }
  return `${kept}${sql.slice(end)}`.replace(/^\s+/, "");
}

/** A value that is added to an enum cannot be used in the same transaction. */
function enumNotices(files: readonly PartFile[]): string[] {
  return files.slice(0, -1).flatMap(({ path, body }) => {
    const adds = statementsOf(body.sql).some(
      ({ tokens }) =>
        /^alter type /.test(tokens.map(({ text }) => text.toLowerCase()).join(" ")) &&
        tokens.some((token) => nameOf(token) === "value"),
    );
    return adds
      ? [
          `${path} adds a value to an enum, which later parts cannot use in the same transaction. Test the squash with hasura-migrate verify.`,
        ]
      : [];
  });
}

function refused(problem: string, remedy?: string): Failure {
  return new Failure("usage", "squash-refused", `${problem} Nothing was written.`, {
    hints: remedy === undefined ? [] : [textHint(remedy)],
  });
}
