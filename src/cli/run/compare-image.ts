import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { operations, type Operation } from "../../protocol/operations.ts";
import { imageLabel } from "../output/views/banner.ts";
import { missingInImage, type LocalMigrations } from "../project/image-drift.ts";

/** Reads the migrations in the working directory; undefined if there is no project. */
export type ReadLocal = () => Promise<LocalMigrations | undefined>;

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
  #comparison: Promise<string | undefined> | undefined;

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

  /** The files that are missing in the image as one sentence; undefined if none is, or it is not known. Never rejects. */
  async settled(): Promise<string | undefined> {
    return this.#comparison;
  }

  async #compare(event: EventOf<"status"> | EventOf<"plan">): Promise<string | undefined> {
    const local = await (this.#local ?? this.#read());
    try {
      const { database } = this.#options;
      return local && missingInImage(local, event, this.#label, database);
    } catch (thrown) {
      this.#reportFailure(thrown);
      return undefined;
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
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.notice(`! The files here could not be compared with the image: ${reason}`);
  }
}
