import pg from "pg";
import { isJson } from "../../protocol/json-object.ts";
import { driverAddress } from "./driver-address.ts";
import { HasuraError } from "./hasura-error.ts";
import { emptyMetadata, isMetadataDocument, type MetadataDocument } from "./metadata-document.ts";

/** The metadata and its version, which every write increments; 0 when nothing is stored. */
export interface StoredMetadata {
  readonly metadata: MetadataDocument;
  readonly resourceVersion: number;
}

/** Where requests read and write the metadata. */
export interface MetadataAccess {
  read(): Promise<StoredMetadata>;
  /**
   * Stores a new document, and returns its version.
   * @param expected the version that the change is based on; 0 when nothing was stored
   * @throws HasuraError 409 when another request has written since
   */
  write(metadata: MetadataDocument, expected: number): Promise<number>;
}

/** The row of `hdb_version` that clients see. */
export interface StoredState {
  readonly id: string;
  readonly cli_state: unknown;
  readonly console_state: unknown;
}

/**
 * The rows of `hdb_metadata` and `hdb_version`, in the tables of a real server, so that SQL finds them there
 * (docs/internals/hasura-protocol.md, "Where applied versions are recorded").
 */
export class MetadataStore implements MetadataAccess {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({
      connectionString: driverAddress(url),
      max: 10,
      application_name: "hasura-migrate local",
    });
    this.#pool.on("error", () => undefined); // an idle connection broke; the next request opens a new one
  }

  async read(): Promise<StoredMetadata> {
    const { rows } = await this.#query<{ metadata: unknown; resource_version: number }>(
      "select metadata, resource_version from hdb_catalog.hdb_metadata",
    );
    const row = rows[0];
    if (!row) return { metadata: emptyMetadata(), resourceVersion: 0 };
    const { metadata, resource_version: resourceVersion } = row;
    if (!isJson(metadata) || !isMetadataDocument(metadata))
      throw new HasuraError(500, "unexpected", "unexpected metadata version from storage");
    return { metadata, resourceVersion };
  }

  async write(metadata: MetadataDocument, expected: number): Promise<number> {
    const { rows } = await this.#query<{ resource_version: number }>(
      `insert into hdb_catalog.hdb_metadata as stored (id, metadata) values (1, $1::json)
       on conflict (id) do update set metadata = excluded.metadata, resource_version = stored.resource_version + 1
       where stored.resource_version = $2 returning resource_version`,
      [JSON.stringify(metadata), expected],
    );
    if (!rows[0]) throw versionConflict(expected);
    return rows[0].resource_version;
  }

  async state(): Promise<StoredState> {
    const { rows } = await this.#query<{ id: string; cli_state: unknown; console_state: unknown }>(
      "select hasura_uuid::text as id, cli_state, console_state from hdb_catalog.hdb_version",
    );
    if (!rows[0]) throw new HasuraError(500, "unexpected", "catalog state is missing");
    return rows[0];
  }

  async setState(type: "cli" | "console", state: unknown): Promise<void> {
    await this.#query(`update hdb_catalog.hdb_version set ${type}_state = $1`, [
      JSON.stringify(state),
    ]);
  }

  /** The row of `hdb_version`, for the `select` that clients of older servers send. */
  async versionRow(): Promise<Record<string, unknown>> {
    const { rows } = await this.#query<Record<string, unknown>>(
      "select * from hdb_catalog.hdb_version",
    );
    return rows[0] ?? {};
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #query<Row extends pg.QueryResultRow>(
    sql: string,
    values: unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    try {
      return await this.#pool.query<Row>(sql, values);
    } catch (thrown) {
      throw new HasuraError(500, "unexpected", "database query error", {
        internal: thrown instanceof Error ? thrown.message : String(thrown),
        cause: thrown,
      });
    }
  }
}

/** The error for a change that is based on an outdated version. */
export const versionConflict = (referenced: number): HasuraError =>
  new HasuraError(
    409,
    "conflict",
    `metadata resource version referenced (${referenced}) did not match current version`,
  );
