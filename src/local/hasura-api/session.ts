import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { driverAddress } from "./driver-address.ts";
import { Message, type MessageForm, type MessageOutcome } from "./message.ts";

/** `query` is SQL of a request; the others are the driver's own messages. */
export type MessageKind = "begin" | "query" | "commit" | "abort";

/** Faults that a test injects between the API and Postgres. Every hook may throw or wait. */
export interface DriverFaults {
  /** Called before each message, and again before it is sent a second time. */
  beforeMessage?(kind: MessageKind, sql: string, session: SessionHandle): Promise<void> | void;
  /** Called with each outcome, which it may replace; after a `lost` one the driver sends the message again. */
  afterMessage?(
    kind: MessageKind,
    sql: string,
    session: SessionHandle,
    outcome: MessageOutcome,
  ): Promise<MessageOutcome | undefined> | MessageOutcome | undefined;
}

/** A test's view of a connection. */
export interface SessionHandle {
  /** The backend's process id. */
  readonly pid: number;
  /** Breaks the connection as a network failure would: the server is not notified. */
  cut(): void;
}

/** How long Hasura's client waits before it connects again (its first and only retry). */
const reconnectDelayMs = 100;

/** One connection, used by one request at a time. It reconnects exactly as Hasura's client does. */
export class PgSession {
  readonly #url: string;
  readonly #faults: DriverFaults;
  #client: pg.Client;
  #broken = false;

  private constructor(url: string, client: pg.Client, faults: DriverFaults) {
    this.#url = url;
    this.#client = client;
    this.#faults = faults;
    this.#watch(client);
  }

  /** @throws the client's own error when the database cannot be reached or refuses the login */
  static async open(url: string, faults: DriverFaults): Promise<PgSession> {
    const session = new PgSession(url, await connect(url), faults);
    await session.#once("SET client_encoding = 'UTF8';SET client_min_messages TO WARNING;");
    return session;
  }

  /** False when it must not be used for another request. */
  get usable(): boolean {
    return !this.#broken;
  }

  /**
   * Sends one message. When the connection is lost, it reconnects (without repeating the SETs) and sends that message once
   * more. A `query` can therefore run outside its transaction, and a COMMIT can succeed without doing anything
   * (docs/internals/hasura-protocol.md, "Transactions and the driver").
   */
  async send(kind: MessageKind, sql: string, form?: MessageForm): Promise<MessageOutcome> {
    const first = await this.#attempt(kind, sql, form);
    if (first.kind !== "lost") return first;
    await pause(reconnectDelayMs);
    try {
      await this.#reset();
    } catch (thrown) {
      return { kind: "lost", cause: thrown instanceof Error ? thrown : new Error(String(thrown)) };
    }
    return await this.#attempt(kind, sql, form);
  }

  async close(): Promise<void> {
    this.#broken = true;
    await this.#client.end().catch(() => undefined);
  }

  async #attempt(kind: MessageKind, sql: string, form?: MessageForm): Promise<MessageOutcome> {
    const handle = this.#handle();
    await this.#faults.beforeMessage?.(kind, sql, handle);
    const outcome = await this.#once(sql, form);
    const changed = await this.#faults.afterMessage?.(kind, sql, handle, outcome);
    const final = changed ?? outcome;
    if (final.kind === "lost") this.#broken = true;
    return final;
  }

  async #once(sql: string, form?: MessageForm): Promise<MessageOutcome> {
    if (this.#broken)
      return { kind: "lost", cause: new Error("server closed the connection unexpectedly") };
    return await this.#client.query(new Message(sql, form)).outcome;
  }

  #handle(): SessionHandle {
    const client: pg.Client & { processID?: number } = this.#client;
    return { pid: client.processID ?? 0, cut: () => void client.connection.stream.destroy() };
  }

  async #reset(): Promise<void> {
    void this.#client.end().catch(() => undefined);
    this.#client = await connect(this.#url);
    this.#broken = false;
    this.#watch(this.#client);
  }

  #watch(client: pg.Client): void {
    // Without an error listener, an idle connection that breaks would end the process.
    client.on("error", () => (this.#broken ||= client === this.#client));
    client.on("end", () => (this.#broken ||= client === this.#client));
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: driverAddress(url),
    application_name: "hasura-migrate local",
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
