import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { operations, type Operation } from "../../protocol/operations.ts";
import { imageLabel } from "../output/views/banner.ts";
import { missingInImage, type LocalMigrations } from "../project/image-drift.ts";

interface ComparisonOptions {
  /** Reads the migrations in the working directory; undefined if there is no project. */
  readonly readLocal: () => Promise<LocalMigrations | undefined>;
  readonly environment: string;
  readonly operation: Operation;
  readonly notice: (line: string) => void;
  readonly now: () => number;
}

/**
 * Compares the migrations in the working directory with those of the function's image, and reports once per run which are
 * missing there. A comparison that fails is reported as well; it never ends the run.
 */
export class ImageComparison {
  readonly #options: ComparisonOptions;
  readonly #enabled: boolean;
  #label = "";
  #local: Promise<LocalMigrations | undefined> | undefined;
  #comparison: Promise<void> | undefined;

  constructor(options: ComparisonOptions) {
    this.#options = options;
    this.#enabled =
      options.environment !== "local" && operations[options.operation].listsMigrations;
  }

  receive(event: RunEvent | UnknownEvent): void {
    if (!this.#enabled) return;
    if (event.type === "run.started") {
      this.#label = imageLabel(event, this.#options.now());
      // Read the files while the function reads its own.
      this.#local ??= this.#read();
    }
    if (event.type === "status" || event.type === "plan") this.#comparison ??= this.#compare(event);
  }

  /** Resolves once the comparison that was started, if any, is reported. Never rejects. */
  async settled(): Promise<void> {
    await this.#comparison;
  }

  async #compare(event: EventOf<"status"> | EventOf<"plan">): Promise<void> {
    const local = await (this.#local ?? this.#read());
    const missing = local && missingInImage(local, event, this.#label);
    if (missing !== undefined) this.#options.notice(missing);
  }

  async #read(): Promise<LocalMigrations | undefined> {
    const { readLocal, notice } = this.#options;
    try {
      return await readLocal();
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      notice(`! The files here could not be compared with the image: ${reason}`);
      return undefined;
    }
  }
}
