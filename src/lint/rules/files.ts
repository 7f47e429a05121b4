import type { Rule } from "./rule.ts";

/** Rules about whole files and directives, which `lint` checks itself. */
const syntaxError: Rule = {
  id: "syntax-error",
  severity: "error",
  title: "PostgreSQL cannot parse the file",
  why: "The migration fails before its first statement. psql's commands (`\\connect`, `:variable`) are not SQL. The grammar is that of PostgreSQL 18, which also accepts what older servers accept.",
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
  title: "a file cannot be read, or not be sent to Hasura",
  why: "It is not UTF-8, contains a NUL character, or has a directive that is wrong: every run that needs it stops there.",
  safeWay: "Correct the file.",
  example: { bad: "", good: "" },
  inDown: true,
};

const notChecked: Rule = {
  id: "not-checked",
  severity: "info",
  title: "a file is too large to be checked",
  why: "Files above 1 MB, and expressions that are nested tens of thousands deep, are not parsed.",
  safeWay: "Nothing needs to be done. Large loads of data are better kept out of migrations.",
  example: { bad: "", good: "" },
  inDown: true,
};

const missingDown: Rule = {
  id: "missing-down",
  severity: "warning",
  title: "there is no down.sql",
  why: "The migration cannot be rolled back: `down` and `redo` refuse it.",
  safeWay:
    "Write a down.sql. If there is no way back, say so with an allow directive in the up.sql.",
  example: { bad: "", good: "" },
};

const blankDown: Rule = {
  id: "blank-down",
  severity: "warning",
  title: "the down.sql has no statement",
  why: "Hasura's console writes a down.sql of comments when it does not know the way back. Rolling back such a migration is refused, because nothing would be undone.",
  safeWay: "Write the statements, or remove the file.",
  example: { bad: "", good: "" },
  inDown: true,
};

const badDirective: Rule = {
  id: "bad-directive",
  severity: "error",
  title: "an allow directive is not complete, or names an unknown rule",
  why: "It allows nothing, although somebody meant it to.",
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
  why: "The rule finds nothing there. The directive would hide what somebody adds later.",
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
  missingDown,
  blankDown,
  badDirective,
  unneededAllow,
  notChecked,
];
