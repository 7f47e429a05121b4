import type { Connection, Submittable } from "pg";

/** The server's result of one message: the last one only, as in libpq's PQexec. Values are text. */
export type MessageResult =
  | { readonly status: "CommandOk" }
  | {
      readonly status: "TuplesOk";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | null)[])[];
    }
  | { readonly status: "EmptyQuery" }
  /** A COPY, which Hasura's client reports as an unexpected status. */
  | { readonly status: "CopyIn" | "CopyOut" };

/** The fields of a server error that Hasura returns. `fatal`: the error ended the session. */
export interface ServerError {
  readonly fatal: boolean;
  readonly sqlstate: string | null;
  readonly message: string | null;
  readonly detail: string | null;
  readonly hint: string | null;
}

/** How a message ended. */
export type MessageOutcome =
  | { readonly kind: "result"; readonly result: MessageResult }
  | { readonly kind: "error"; readonly error: ServerError }
  /** The connection broke; whether the message took effect is unknown. */
  | { readonly kind: "lost"; readonly cause: Error };

/** How SQL is sent: as a simple query, or as a single statement, with which PostgreSQL refuses several commands. */
export type MessageForm = "text" | "statement";

/**
 * SQL, submitted to node-postgres at its lowest level: the Query class of node-postgres parses values by type
 * and returns every result, while Hasura returns text and the last result.
 */
export class Message implements Submittable {
  readonly outcome: Promise<MessageOutcome>;
  readonly #sql: string;
  readonly #form: MessageForm;
  #resolve: (outcome: MessageOutcome) => void = () => undefined;
  #columns: string[] = [];
  #rows: (string | null)[][] = [];
  #tuples = false;
  #result: MessageResult | undefined;
  #copy: "CopyIn" | "CopyOut" | undefined;

  constructor(sql: string, form: MessageForm = "text") {
    this.#sql = sql;
    this.#form = form;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  submit(connection: Connection): void {
    const onCopyOut = () => (this.#copy = "CopyOut");
    connection.once("copyOutResponse", onCopyOut);
    // The connection is reused for many messages.
    void this.outcome.then(() => connection.removeListener("copyOutResponse", onCopyOut));
    if (this.#form === "text") {
      connection.query(this.#sql);
      return;
    }
    connection.parse({ name: "", text: this.#sql, types: [] }, true);
    connection.bind({}, true);
    connection.describe({ type: "P" }, true);
    connection.execute({}, true);
    connection.sync();
  }

  handleRowDescription(message: { fields: readonly { readonly name: string }[] }): void {
    this.#columns = message.fields.map((field) => field.name);
    this.#rows = [];
    this.#tuples = true;
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows.push(message.fields);
  }

  handleCommandComplete(): void {
    this.#result = this.#tuples
      ? { status: "TuplesOk", columns: this.#columns, rows: this.#rows }
      : { status: "CommandOk" };
    this.#tuples = false;
  }

  handleEmptyQuery(): void {
    this.#result ??= { status: "EmptyQuery" };
  }

  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    this.#copy = "CopyIn";
    connection.sendCopyFail("no data");
  }

  handleCopyData(): void {
    this.#copy = "CopyOut";
  }

  handleError(error: Error): void {
    if (this.#copy !== undefined) this.#resolve({ kind: "result", result: { status: this.#copy } });
    else this.#resolve(outcomeOf(error));
  }

  handleReadyForQuery(): void {
    const result: MessageResult =
      this.#copy === undefined
        ? (this.#result ?? { status: "EmptyQuery" })
        : { status: this.#copy };
    this.#resolve({ kind: "result", result });
  }
}

function outcomeOf(
  error: Error & { severity?: string; code?: string; detail?: string; hint?: string },
): MessageOutcome {
  const fatal = error.severity === "FATAL" || error.severity === "PANIC";
  // An error without a severity is a socket error. As in libpq, one that ended the session counts as a lost connection.
  if (error.severity === undefined || fatal) return { kind: "lost", cause: error };
  const { code = null, detail = null, hint = null } = error;
  return {
    kind: "error",
    error: { fatal, sqlstate: code, message: error.message, detail, hint },
  };
}
