import type pg from "pg";
import type { SqlFailure } from "../../protocol/failure.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { CatalogReader } from "../catalog/catalog-reader.ts";
import { mayChangeRareRows } from "../catalog/rows.ts";
import type { ScratchServer } from "../server/scratch.ts";
import { runFile, type LoadedFile } from "./run-file.ts";

/** Applying this many files again takes about as long as copying a database. */
const appliedAtMost = 40;

interface Opened {
  readonly database: string;
  readonly client: pg.Client;
  readonly observer: pg.Client;
  readonly reader: CatalogReader;
}

/** A database in which migrations are applied, and which can be rebuilt as it was after the last up. */
export class Workbench {
  readonly #server: ScratchServer;
  #opened: Opened;
  /** The copy from which the database is rebuilt; if absent, it is rebuilt from an empty one. */
  #base: { readonly database: string; readonly roles: readonly string[] } | undefined;
  /** True if something was run since the last reading that can change objects of rare kinds. */
  #mayChangeMore = false;
  /** Files applied since the base. */
  #applied: LoadedFile[] = [];

  private constructor(server: ScratchServer, opened: Opened) {
    this.#server = server;
    this.#opened = opened;
  }

  static async on(server: ScratchServer): Promise<Workbench> {
    return new Workbench(server, await open(server, await server.create()));
  }

  get client(): pg.Client {
    return this.#opened.client;
  }

  /** The session that observes. */
  get observer(): pg.Client {
    return this.#opened.observer;
  }

  /** Runs a file. */
  async run(file: LoadedFile): Promise<SqlFailure | undefined> {
    this.willRun(file);
    return await runFile(this.#opened.client, file);
  }

  /** Prepares the session for a file that the caller runs in it. */
  willRun({ body }: LoadedFile): void {
    this.#mayChangeMore ||= mayChangeRareRows(body.sql);
  }

  /** Remembers that an up file is applied. */
  keep(file: LoadedFile): void {
    this.#applied.push(file);
  }

  /** The schema as it is now. */
  async read(): Promise<Catalog> {
    const rare = this.#mayChangeMore;
    this.#mayChangeMore = false;
    return await this.#opened.reader.read({ rare });
  }

  /**
   * Rebuilds the database: empty, with all kept files applied. A copy is kept whenever many files have been applied since the last one,
   * so that rebuilding often is quick. Throws if a file that worked before now fails.
   */
  async rebuild(): Promise<void> {
    await this.#discard();
    const database = await this.#server.create(this.#base?.database);
    this.#opened = await open(this.#server, database);
    for (const file of this.#applied) {
      const failure = await this.run(file);
      if (failure)
        throw new Error(`${file.path} fails when it is applied again: ${failure.message}`);
    }
    if (this.#applied.length >= appliedAtMost) await this.#moveBase();
  }

  /** Keeps a copy of the database as it is. */
  async #moveBase(): Promise<void> {
    const { database } = this.#opened;
    // A database cannot be copied while a session is connected to it.
    await close(this.#opened);
    const before = this.#base;
    const roles = await this.#server.roles();
    this.#base = { database: await this.#server.create(database), roles };
    this.#applied = [];
    this.#opened = await open(this.#server, database);
    if (before) await this.#server.drop(before.database);
  }

  /** Drops everything. */
  async close(): Promise<void> {
    await this.#discard();
    if (this.#base) await this.#server.drop(this.#base.database);
    await this.#server.dropRoles(await this.#server.roles());
  }

  /** Drops the database, and the roles that were created after the base. */
  async #discard(): Promise<void> {
    await close(this.#opened);
    await this.#server.drop(this.#opened.database);
    const kept = new Set(this.#base?.roles);
    const roles = await this.#server.roles();
    await this.#server.dropRoles(roles.filter((name) => !kept.has(name)));
  }
}

async function open(server: ScratchServer, database: string): Promise<Opened> {
  const client = await server.connect(database);
  const observer = await server.observe(database);
  const reader = await CatalogReader.on(observer, { roles: server.isOwn });
  return { database, client, observer, reader };
}

async function close({ client, observer }: Opened): Promise<void> {
  await Promise.all([client.end(), observer.end()]);
}

/** Runs with a new database, which is dropped afterwards. */
export async function withWorkbench<Result>(
  server: ScratchServer,
  work: (bench: Workbench) => Promise<Result>,
): Promise<Result> {
  const bench = await Workbench.on(server);
  try {
    return await work(bench);
  } finally {
    await bench.close();
  }
}
