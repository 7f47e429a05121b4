import type { Rule } from "./rule.ts";

/** Rules about whole files and directives, which `lint` checks itself. */
const syntaxError: Rule = {
  id: "syntax-error",
  severity: "error",
  title: "PostgreSQL cannot parse the file",
  why: "The migration fails before its first statement. psql's commands (`\\connect`, `:variable`) are not SQL. The grammar is that of PostgreSQL 18, which also accepts the syntax of older servers.",
  safeWay: "Correct the SQL.",
  example: {
    bad: "ALTER TABLE orders ADD COLUM note text;",
    good: "ALTER TABLE orders ADD COLUMN note text;",
  },
  inDown: true,
};

const unreadableFile: Rule = {
  id: "unreadable-file",
  severity: "error",
  title: "a file cannot be read, or cannot be sent to Hasura",
  why: "The file is not UTF-8, contains a NUL character, or has an invalid directive. Every run that needs it fails.",
  safeWay: "Correct the file.",
  example: { bad: "", good: "" },
  inDown: true,
};

const unreadableMetadata: Rule = {
  id: "unreadable-metadata",
  severity: "error",
  title: "a file of the metadata cannot be read",
  why: "The file is not valid YAML, JSON or GraphQL, does not have the expected structure, or includes a file that does not exist. The metadata cannot be applied, and `used-by-metadata` is not checked.",
  safeWay: "Correct the file.",
  example: { bad: "", good: "" },
};

const notChecked: Rule = {
  id: "not-checked",
  severity: "info",
  title: "a file is too large to be checked",
  why: "Files larger than 1 MB, and expressions that are nested tens of thousands of levels deep, are not parsed.",
  safeWay: "No action is needed, but consider loading large amounts of data outside migrations.",
  example: { bad: "", good: "" },
  inDown: true,
};

const missingDown: Rule = {
  id: "missing-down",
  severity: "warning",
  title: "there is no down.sql, or it is empty",
  why: "The migration cannot be rolled back: `down` and `redo` refuse it.",
  safeWay:
    "Write a down.sql. If the migration cannot be undone, add an allow directive to the up.sql.",
  example: { bad: "", good: "" },
};

const blankDown: Rule = {
  id: "blank-down",
  severity: "warning",
  title: "the down.sql contains no statement",
  why: "Hasura's console writes a down.sql that contains only comments when it cannot generate one. Rolling back such a migration is refused, because nothing would be undone.",
  safeWay: "Write the statements, or remove the file.",
  example: { bad: "", good: "" },
  inDown: true,
};

const badDirective: Rule = {
  id: "bad-directive",
  severity: "error",
  title: "an allow directive is incomplete, or names an unknown rule",
  why: "It has no effect, although it was meant to allow a finding.",
  safeWay: "Write: -- hasura-migrate: allow RULE because REASON",
  example: {
    bad: "-- hasura-migrate: allow index-blocks-writes\nCREATE INDEX orders_customer ON orders (customer_id);",
    good: "-- hasura-migrate: allow index-blocks-writes because the table has 200 rows\nCREATE INDEX orders_customer ON orders (customer_id);",
  },
  inDown: true,
};

const unneededAllow: Rule = {
  id: "unneeded-allow",
  severity: "info",
  title: "an allow directive allows nothing",
  why: "The rule finds nothing there, and the directive would hide later problems.",
  safeWay: "Remove it.",
  example: {
    bad: "-- hasura-migrate: allow rename because nobody uses it\nALTER TABLE orders ADD COLUMN note text;",
    good: "ALTER TABLE orders ADD COLUMN note text;",
  },
  inDown: true,
};

export const fileRules: readonly Rule[] = [
  syntaxError,
  unreadableFile,
  unreadableMetadata,
  missingDown,
  blankDown,
  badDirective,
  unneededAllow,
  notChecked,
];
