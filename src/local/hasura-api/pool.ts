import { HasuraError } from "./hasura-error.ts";
import { PgSession, type DriverFaults } from "./session.ts";

/** Hasura's default size of a source's pool. */
const defaultSize = 50;

/** The connections of one source. When all are in use, requests wait in order. */
export class SessionPool {
  readonly #url: string;
  readonly #faults: DriverFaults;
  readonly #size: number;
  readonly #idle: PgSession[] = [];
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;

  constructor(url: string, faults: DriverFaults, size = defaultSize) {
    this.#url = url;
    this.#faults = faults;
    this.#size = size;
  }

  /**
   * Runs `work` with its own session.
   * @throws HasuraError when the database cannot be reached
   */
  async use<T>(work: (session: PgSession) => Promise<T>): Promise<T> {
    if (this.#inUse >= this.#size)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inUse += 1;
    try {
      const session = await this.#take();
      try {
        return await work(session);
      } finally {
        if (session.usable) this.#idle.push(session);
        else void session.close();
      }
    } finally {
      this.#inUse -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #take(): Promise<PgSession> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (idle.usable) return idle;
    try {
      return await PgSession.open(this.#url, this.#faults);
    } catch (thrown) {
      throw connectionError(thrown);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }
}

/**
 * The error for a database that refuses a connection, or whose connection broke (docs/internals/hasura-protocol.md,
 * "Errors").
 */
export function connectionError(cause: unknown): HasuraError {
  const text = cause instanceof Error ? cause.message : String(cause);
  // The server, too, goes by the text of the database's message.
  const full = /too many clients|remaining connection slots/i.test(text);
  return new HasuraError(
    500,
    full ? "postgres-max-connections-error" : "postgres-error",
    full ? "max connections reached on postgres" : "connection error",
    {
      internal: text,
      cause,
    },
  );
}
