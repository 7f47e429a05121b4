import type pg from "pg";

/** A database server on which databases are made, and removed at the end. */
export interface ScratchServer {
  /** Name and version, for people. */
  readonly description: string;
  /** True for a server that nobody else uses: its roles belong to the migrations, and are removed with them. */
  readonly isOwn: boolean;
  /** A new database, a copy of another one or empty. Nobody may be connected to the other one. */
  create(template?: string): Promise<string>;
  drop(database: string): Promise<void>;
  /** A session of the role that runs migrations. */
  connect(database: string): Promise<pg.Client>;
  /** A session that may read more: of the superuser, where there is one. */
  observe(database: string): Promise<pg.Client>;
  /** Roles that migrations have created, as they are now; empty where they are somebody else's. */
  roles(): Promise<readonly string[]>;
  /** Drops roles that own nothing any more. */
  dropRoles(names: readonly string[]): Promise<void>;
  /** The extensions that can be installed. */
  extensions(): Promise<ReadonlySet<string>>;
  /** Why a session ended that was in use. */
  lost(): Error | undefined;
  /** Drops all databases, and the server itself if it is of this program. */
  stop(): Promise<void>;
}
