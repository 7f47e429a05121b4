import { refuseNew } from "../change-metadata.ts";
import type { ApiContext } from "../context.ts";
import type { BuiltCache } from "../current-cache.ts";
import { readDatabase } from "../database/read-database.ts";
import type { DatabaseSchema } from "../database/database-schema.ts";
import { updateEventTriggers } from "../event-triggers/update.ts";
import type { MetadataDocument, SourceDocument } from "../metadata-document.ts";
import type { StoredMetadata } from "../metadata-store.ts";
import type { PgSession } from "../session.ts";
import { followSchema } from "./follow-schema.ts";
import { schemaDiff } from "./schema-diff.ts";

/** SQL whose effect on the metadata is checked. */
export class CheckedRun {
  readonly #stored: StoredMetadata;
  readonly #current: BuiltCache;
  readonly #source: string;
  #before: DatabaseSchema | undefined;

  constructor(stored: StoredMetadata, current: BuiltCache, { name }: SourceDocument) {
    this.#stored = stored;
    this.#current = current;
    this.#source = name;
  }

  /** To be called before the SQL, in its transaction. Nothing is read if the source tracks nothing. */
  async begin(session: PgSession): Promise<void> {
    const source = this.#current.cache.sources.get(this.#source);
    const tracksNothing =
      source === undefined ||
      (source.tables.size === 0 && source.document["functions"] === undefined);
    if (!tracksNothing) this.#before = await readDatabase(session);
  }

  /**
   * The metadata after the SQL; to be called in its transaction.
   * @throws HasuraError if something depends on what is gone
   */
  async follow(session: PgSession, cascade: boolean): Promise<MetadataDocument> {
    const { metadata } = this.#stored;
    const { cache } = this.#current;
    const source = cache.sources.get(this.#source);
    if (this.#before === undefined || source === undefined) return metadata;
    const diff = schemaDiff(source, this.#before, await readDatabase(session));
    return followSchema({ metadata, cache, source: this.#source }, diff, cascade);
  }

  /**
   * Stores the metadata after the commit. As on the server, an error here does not undo the SQL.
   * @throws HasuraError 500 for something newly inconsistent, 409 for a conflict
   */
  async store(
    metadata: MetadataDocument,
    { store, cache, sources }: Pick<ApiContext, "store" | "cache" | "sources">,
    path: string,
  ): Promise<void> {
    const built = await cache.build(metadata);
    refuseNew(this.#current.cache, built.cache, path);
    const version = await store.write(metadata, this.#stored.resourceVersion);
    cache.keep(version, built);
    await updateEventTriggers(this.#current, built, sources);
  }
}
