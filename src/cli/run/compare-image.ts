import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { Kind } from "../../protocol/exit-code.ts";
import { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { operations, type Operation } from "../../protocol/operations.ts";
import { imageLabel } from "../output/views/banner.ts";
import { missingInImage, type LocalMigrations } from "../project/image-drift.ts";

/** Reads the migrations in the working directory; undefined if there is no project. */
export type ReadLocal = () => Promise<LocalMigrations | undefined>;

/** What is known once the files here were compared with those of the image; empty if none is missing, or nothing was to be compared. */
export interface Compared {
  /** The files that are missing in the image, as one sentence. */
  readonly missing?: string;
  /** They could not be compared; this is the kind of the failure, which was reported. */
  readonly failed?: Kind;
}

interface ComparisonOptions {
  readonly readLocal: ReadLocal;
  readonly environment: string;
  readonly operation: Operation;
  /** The only database that the run is about; undefined for all. */
  readonly database?: string | undefined;
  readonly notice: (line: string) => void;
  readonly now: () => number;
}

/**
 * Compares the migrations in the working directory with those of the function's image, once per run. A comparison that fails is
 * reported; it never ends the run.
 */
export class ImageComparison {
  readonly #options: ComparisonOptions;
  readonly #enabled: boolean;
  #label = "";
  #local: Promise<LocalMigrations | undefined> | undefined;
  #comparison: Promise<Compared> | undefined;
  #failed: Kind | undefined;

  constructor(options: ComparisonOptions) {
    this.#options = options;
    this.#enabled =
      options.environment !== "local" && operations[options.operation].listsMigrations;
  }

  receive(event: RunEvent | UnknownEvent): void {
    if (!this.#enabled) return;
    if (event.type === "run.started") {
      this.#label = imageLabel(event, this.#options.now());
      // Read the local files while the function reads its own.
      this.#local ??= this.#read();
    }
    if (event.type === "status" || event.type === "plan") this.#comparison ??= this.#compare(event);
  }

  /** Never rejects. */
  async settled(): Promise<Compared> {
    const compared = await this.#comparison;
    return { ...compared, ...(this.#failed && { failed: this.#failed }) };
  }

  async #compare(event: EventOf<"status"> | EventOf<"plan">): Promise<Compared> {
    const local = await (this.#local ?? this.#read());
    try {
      const { database } = this.#options;
      const missing = local && missingInImage(local, event, this.#label, database);
      return missing === undefined ? {} : { missing };
    } catch (thrown) {
      this.#reportFailure(thrown);
      return {};
    }
  }

  async #read(): Promise<LocalMigrations | undefined> {
    try {
      return await this.#options.readLocal();
    } catch (thrown) {
      this.#reportFailure(thrown);
      return undefined;
    }
  }

  #reportFailure(thrown: unknown): void {
    this.#failed = thrown instanceof Failure ? thrown.kind : "bug";
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.notice(`! The local files could not be compared with the image: ${reason}`);
  }
}
