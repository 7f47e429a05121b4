import type { Connection, Submittable } from "pg";

/** The server's error that made a script fail. */
export interface ScriptError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Where in the text, in characters from 1; absent if the server does not report it. */
  readonly position?: number;
  /** How many statements had succeeded. */
  readonly completed: number;
}

type ServerError = Error & {
  code?: string;
  detail?: string;
  hint?: string;
  position?: string;
  severity?: string;
};

/**
 * SQL as one simple query, as Hasura sends it: several statements, whose results are discarded. Unlike node-postgres, it reports how
 * many of them succeeded before one failed.
 */
export class Script implements Submittable {
  /** Resolves to undefined if all succeeded; rejects if the connection was lost. */
  readonly outcome: Promise<ScriptError | undefined>;
  readonly #sql: string;
  #resolve: (outcome: ScriptError | undefined) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #completed = 0;
  #error: ScriptError | undefined;

  constructor(sql: string) {
    this.#sql = sql;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleRowDescription(): void {
    // Results are not needed.
  }

  handleDataRow(): void {
    // Nor are their rows.
  }

  handleCommandComplete(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {
    // Nothing was done.
  }

  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail("COPY FROM STDIN has no data in a migration");
  }

  handleCopyData(): void {
    // Of COPY TO STDOUT.
  }

  handleError(error: ServerError): void {
    const { severity, code, detail, hint, position } = error;
    // Without a severity it is an error of the connection.
    if (severity === undefined || code === undefined) {
      this.#reject(error);
      return;
    }
    this.#error = {
      sqlstate: code,
      message: error.message,
      ...(detail !== undefined && { detail }),
      ...(hint !== undefined && { hint }),
      ...(position !== undefined && { position: Number(position) }),
      completed: this.#completed,
    };
    // node-postgres gives a query its error, and nothing after it.
    this.#resolve(this.#error);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#error);
  }
}
