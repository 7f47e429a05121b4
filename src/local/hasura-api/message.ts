import type { Connection, Submittable } from "pg";

/** What the server answers to one message: only the last result counts, as in libpq's PQexec. Values are text. */
export type Answer =
  | { readonly status: "CommandOk" }
  | {
      readonly status: "TuplesOk";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | null)[])[];
    }
  | { readonly status: "EmptyQuery" }
  /** The server waits for data or sends some, which Hasura's client takes for a mistake. */
  | { readonly status: "CopyIn" | "CopyOut" };

/** The fields of the server's error that Hasura passes on. `fatal`: the session ended with it. */
export interface ServerError {
  readonly fatal: boolean;
  readonly sqlstate: string | null;
  readonly message: string | null;
  readonly detail: string | null;
  readonly hint: string | null;
}

export type Outcome =
  | { readonly ended: "answered"; readonly answer: Answer }
  | { readonly ended: "refused"; readonly error: ServerError }
  /** The connection broke; whether the message took effect is not known. */
  | { readonly ended: "lost"; readonly cause: Error };

/**
 * One simple query, submitted to node-postgres at its lowest level: its own Query parses values by type and keeps every
 * result, while Hasura shows text and the last one.
 */
export class Message implements Submittable {
  readonly outcome: Promise<Outcome>;
  readonly #sql: string;
  #resolve: (outcome: Outcome) => void = () => undefined;
  #columns: string[] = [];
  #rows: (string | null)[][] = [];
  #tuples = false;
  #answer: Answer | undefined;
  #copy: "CopyIn" | "CopyOut" | undefined;

  constructor(sql: string) {
    this.#sql = sql;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  submit(connection: Connection): void {
    const onCopyOut = () => (this.#copy = "CopyOut");
    connection.once("copyOutResponse", onCopyOut);
    // The connection lives on, with many messages to come.
    void this.outcome.then(() => connection.removeListener("copyOutResponse", onCopyOut));
    connection.query(this.#sql);
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
    this.#answer = this.#tuples
      ? { status: "TuplesOk", columns: this.#columns, rows: this.#rows }
      : { status: "CommandOk" };
    this.#tuples = false;
  }

  handleEmptyQuery(): void {
    this.#answer ??= { status: "EmptyQuery" };
  }

  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    this.#copy = "CopyIn";
    connection.sendCopyFail("no data");
  }

  handleCopyData(): void {
    this.#copy = "CopyOut";
  }

  handleError(error: Error): void {
    if (this.#copy !== undefined)
      this.#resolve({ ended: "answered", answer: { status: this.#copy } });
    else this.#resolve(outcomeOf(error));
  }

  handleReadyForQuery(): void {
    const answer: Answer =
      this.#copy === undefined
        ? (this.#answer ?? { status: "EmptyQuery" })
        : { status: this.#copy };
    this.#resolve({ ended: "answered", answer });
  }
}

function outcomeOf(
  error: Error & { severity?: string; code?: string; detail?: string; hint?: string },
): Outcome {
  const fatal = error.severity === "FATAL" || error.severity === "PANIC";
  // An error without a severity is the socket's. One that ended the session counts as a lost connection, as in libpq.
  if (error.severity === undefined || fatal) return { ended: "lost", cause: error };
  const { code = null, detail = null, hint = null } = error;
  return {
    ended: "refused",
    error: { fatal, sqlstate: code, message: error.message, detail, hint },
  };
}
