import type { Node } from "@pgsql/types";
import { outsideTransaction, transactionWord } from "../../engine/sql/outside-transaction.ts";
import { isTree } from "../../sql-parser/tree.ts";
import { usesEnumValue } from "../enum-uses.ts";
import { nodesIn } from "../names.ts";
import type { Problem, Rule } from "./rule.ts";

const needsNoTransaction: Rule = {
  id: "needs-no-transaction",
  severity: "error",
  title: "a statement cannot run inside a transaction",
  why: "Hasura runs a migration in a transaction, in which PostgreSQL refuses CONCURRENTLY, VACUUM, CREATE DATABASE and a few others (25001).",
  safeWay: "Put it alone in a file whose first line is -- hasura:no-transaction.",
  example: {
    bad: "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
    good: "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
  },
  inDown: true,
  check: ({ node, noTransaction }) => {
    const what = noTransaction ? undefined : outsideTransaction(node);
    return what === undefined ? [] : [{ message: `${what} cannot run inside a transaction.` }];
  },
};

const ownTransaction: Rule = {
  id: "own-transaction",
  severity: "error",
  title: "a file contains BEGIN, COMMIT or ROLLBACK",
  why: "Hasura already runs the file in a transaction. COMMIT ends this transaction, so the rest of the file runs without one, and a failure leaves the file partly applied.",
  safeWay: "Remove it. If statements must not share a transaction, write two migrations.",
  example: {
    bad: "BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;",
    good: "ALTER TABLE orders ADD COLUMN note text;",
  },
  inDown: true,
  check: ({ node, noTransaction }) => {
    const word = transactionWord(node);
    if (word === undefined) return [];
    const message = noTransaction
      ? `${word} affects a connection that other requests also use.`
      : `${word} interferes with the transaction that the file runs in.`;
    return [{ message }];
  },
};

const enumValueUsed: Rule = {
  id: "enum-value-used",
  severity: "error",
  title: "a new enum value is used in the file that adds it",
  why: "PostgreSQL does not allow an enum value to be used in the transaction that adds it (55P04), unless the type was created in the same transaction.",
  safeWay: "Add the value in one migration, and use it in the next.",
  example: {
    bad: "ALTER TYPE order_state ADD VALUE 'returned';\nUPDATE orders SET state = 'returned' WHERE id = 7;",
    good: "ALTER TYPE order_state ADD VALUE 'returned';",
  },
  inDown: true,
  check: ({ node, schema, earlier, noTransaction }) => {
    if (noTransaction || "AlterEnumStmt" in node) return [];
    if (earlier.enumValues.length === 0) return [];
    return earlier.enumValues
      .filter((value) => usesEnumValue(node, value, schema))
      .map(({ value }) => ({
        message: `The value '${value}' was added in the same transaction and cannot be used yet.`,
      }));
  },
};

const setWithoutLocal: Rule = {
  id: "set-without-local",
  severity: "warning",
  title: "SET affects later requests",
  why: "Hasura reuses its connections: a setting without LOCAL remains on the connection after the migration, and later requests on that connection run with it. With a changed search_path, they may use different tables.",
  safeWay:
    "SET LOCAL, or set_config(…, true); without a transaction, RESET it at the end of the file.",
  example: {
    bad: "SET search_path = shop;",
    good: "SET LOCAL search_path = shop;",
  },
  inDown: true,
  check: ({ node, later }) =>
    lastingSettings(node)
      .filter((name) => !later().some((next) => resets(next, name)))
      .map((name) => ({
        message: `${name} keeps this value on Hasura's connection after the migration.`,
      })),
};

function lastingSettings(node: Node): string[] {
  if ("VariableSetStmt" in node) {
    const { kind = "VAR_RESET", is_local: isLocal, name = "" } = node.VariableSetStmt;
    const sets = kind === "VAR_SET_VALUE" || kind === "VAR_SET_CURRENT";
    return sets && !isLocal ? [name] : [];
  }
  if (!("SelectStmt" in node)) return [];
  return [...nodesIn(node)].flatMap(({ FuncCall: call }) =>
    isTree(call) ? lastingCall(call) : [],
  );
}

/** set_config('name', 'value', false) */
function lastingCall(call: Readonly<Record<string, unknown>>): string[] {
  const constants = (value: unknown) => [...nodesIn(value)];
  const isSetConfig = constants(call["funcname"]).some(({ sval }) => sval === "set_config");
  if (!isSetConfig || !Array.isArray(call["args"])) return [];
  const args: readonly unknown[] = call["args"];
  const [setting, , isLocal] = args;
  const lasts = constants(isLocal).some(
    ({ A_Const: constant }) =>
      isTree(constant) && isTree(constant["boolval"]) && constant["boolval"]["boolval"] !== true,
  );
  const name = constants(setting).find(({ sval }) => typeof sval === "string")?.["sval"];
  return lasts ? [typeof name === "string" ? name : "the setting"] : [];
}

function resets(node: Node, name: string): boolean {
  if ("DiscardStmt" in node) return true;
  if (!("VariableSetStmt" in node)) return false;
  const { kind, name: other } = node.VariableSetStmt;
  return (
    kind === "VAR_RESET_ALL" ||
    ((kind === "VAR_RESET" || kind === "VAR_SET_DEFAULT") && other === name)
  );
}

const copyFromClient: Rule = {
  id: "copy-from-client",
  severity: "error",
  title: "COPY FROM STDIN needs psql",
  why: "The rows of a COPY … FROM STDIN are sent by psql. Hasura sends the file as SQL, so PostgreSQL waits for rows that never arrive, or reads them as statements.",
  safeWay: "Write INSERT statements; pg_dump does so with --inserts.",
  example: {
    bad: "COPY countries (code, name) FROM STDIN;",
    good: "INSERT INTO countries (code, name) VALUES ('DE', 'Germany');",
  },
  inDown: true,
  check: ({ node }): Problem[] => {
    if (!("CopyStmt" in node)) return [];
    const { filename, is_program: isProgram } = node.CopyStmt;
    if (filename !== undefined || isProgram) return [];
    return [
      {
        message: `COPY needs a client such as psql to send or receive the rows, which Hasura cannot do.`,
      },
    ];
  },
};

export const transactionRules: readonly Rule[] = [
  needsNoTransaction,
  ownTransaction,
  enumValueUsed,
  setWithoutLocal,
  copyFromClient,
];
