import { nameOf } from "./statements.ts";
import { tokenize } from "./lexer.ts";

/** The object that a database's error refers to: the first name in its message. */
export interface ErrorSubject {
  /** The kind of object, as in the message: `relation`, `column`, `type`. */
  readonly kind: string;
  /** The possible readings of the name: `shop.orders` can be one name with a dot, or a qualified one. */
  readonly names: readonly (readonly string[])[];
  /** True if the message repeats a qualified name as written, so that it does not refer to an unqualified one. */
  readonly asWritten: boolean;
  /** The table that a column, constraint or trigger belongs to. */
  readonly table?: string;
  readonly claim: Claim;
  /** True if a change of another table may have caused the error. */
  readonly cascades: boolean;
}

/** The kind of error; `breaks`: rows violate the constraint. */
export type Claim = "missing" | "exists" | "breaks" | "needed" | "other";

const kinds =
  "relation|materialized view|foreign table|table|view|index|sequence|type|domain|column|check constraint|unique constraint|foreign key constraint|not-null constraint|constraint|schema|function|procedure|aggregate|role|extension|event trigger|trigger|rule|policy|operator class|language|database|collation|tablespace|publication|subscription|server|parameter|cursor|statement|savepoint|conversion|access method|enum label|label";

const quoted = new RegExp(`\\b(${kinds}) "(.+?)"(?=$|[\\s,.:;)])`, "u");
/** The only name of a message may contain quotes. */
const quotedAlone = new RegExp(
  `^(${kinds}) "((?:(?!" (?:of|for|on|in) ).)+)" (?:does not exist|already exists)[^"]*$`,
  "u",
);
const ofTable = /" (?:of|for|on) (?:relation|table) "(.+?)"(?=$|[\s,.:;)])/u;
/** Names that PostgreSQL quotes only where SQL requires it. */
const described = new RegExp(
  `^(?:permission denied for|must be owner of|cannot drop|cannot alter) (${kinds}) (.+?)(?= (?:because|of|on|is) |$)`,
  "u",
);
const column = /^(column) (?!")(.+?) (?:does not exist|must appear|of relation)/u;
const routine = /^(function|procedure|aggregate) (?!")(.+?)\(/u;

/** Undefined for a message without a name of a known kind. */
export function subjectOf(message: string, sqlstate = ""): ErrorSubject | undefined {
  const claim = claimOf(message, sqlstate);
  const [, describedKind = "", name] = described.exec(message) ?? [];
  if (name !== undefined)
    return {
      kind: describedKind,
      names: [identifiersOf(name)],
      asWritten: false,
      claim,
      cascades: false,
    };
  return quotedSubject(message, claim);
}

function quotedSubject(message: string, claim: Claim): ErrorSubject | undefined {
  const found = [column, routine, quotedAlone, quoted]
    .map((pattern) => pattern.exec(message))
    .find((match) => match !== null);
  const [, kind, name] = found ?? [];
  if (!found || kind === undefined || name === undefined) return undefined;
  const table = ofTable.exec(message.slice(found.index))?.[1];
  return {
    kind: kind.endsWith(" constraint") ? "constraint" : kind,
    names: partings(name),
    asWritten: claim === "missing" && /^(?:relation|type|function|procedure|column)$/.test(kind),
    ...(table !== undefined && { table }),
    claim,
    cascades: message.startsWith("update or delete on table"),
  };
}

function claimOf(message: string, sqlstate: string): Claim {
  if (sqlstate.startsWith("23")) return "breaks";
  if (sqlstate === "2BP01") return "needed";
  if (/\balready exists\b/.test(message)) return "exists";
  return /\bdoes not exist\b/.test(message) ? "missing" : "other";
}

/** `a.b.c` as one name, as two and as three. */
function partings(name: string): string[][] {
  const at = name.indexOf(".");
  if (at <= 0) return [[name]];
  const rest = partings(name.slice(at + 1)).map((parts) => [name.slice(0, at), ...parts]);
  return [[name], ...rest, ...joinedWithNext(name, at)];
}

/** `a.b` as the first part of `a.b.c`. */
function joinedWithNext(name: string, at: number): string[][] {
  const next = name.indexOf(".", at + 1);
  return next === -1 ? [] : [[name.slice(0, next), name.slice(next + 1)]];
}

function identifiersOf(text: string): string[] {
  return [...tokenize(text)].flatMap((token) => nameOf(token) ?? []);
}
