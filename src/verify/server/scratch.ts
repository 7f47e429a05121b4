import type pg from "pg";

/** A database server on which databases are created, and removed at the end. */
export interface ScratchServer {
  /** Name and version, for messages. */
  readonly description: string;
  /** True for a server that nobody else uses: its roles belong to the migrations, and are removed with them. */
  readonly isOwn: boolean;
  /** Creates a database, empty or as a copy of another one. No session may be connected to the other one. */
  create(template?: string): Promise<string>;
  drop(database: string): Promise<void>;
  /** A session of the role that runs migrations. */
  connect(database: string): Promise<pg.Client>;
  /** A session that may read more: that of the superuser, if there is one. */
  observe(database: string): Promise<pg.Client>;
  /** The current roles that migrations have created; empty on a server that others use, too. */
  roles(): Promise<readonly string[]>;
  /** Drops roles that no longer own anything. */
  dropRoles(names: readonly string[]): Promise<void>;
  /** The extensions that can be installed. */
  extensions(): Promise<ReadonlySet<string>>;
  /** Why a session in use ended. */
  lost(): Error | undefined;
  /** Drops all databases, and the server itself if this program started it. */
  stop(): Promise<void>;
}
