import type { MadeUpload } from "./directory-upload.ts";
import type { FunctionInventory } from "./function-inventory.ts";

/** Files of a directory that are uploaded: its migrations, or its seeds. `purpose`: how the command uses them. */
export interface UploadSource<Purpose extends readonly unknown[] = []> {
  /** Warnings about the directory that do not stop a run, as sentences. */
  readonly notices: () => Promise<readonly string[]>;
  /** The upload for a function with this inventory. Throws `usage` failures. */
  readonly uploadFor: (known: FunctionInventory, ...purpose: Purpose) => Promise<MadeUpload>;
}

/** The same files for one purpose. */
export async function sourceFor<Purpose>(
  source: Promise<UploadSource<[purpose: Purpose]>>,
  purpose: Purpose,
): Promise<UploadSource> {
  const { notices, uploadFor } = await source;
  return { notices, uploadFor: (known) => uploadFor(known, purpose) };
}

/** What is uploaded to one environment: the same for the plan that is shown and the run that is confirmed. */
export class EnvironmentUpload {
  /** The part of the request that it is: migrations or seeds. */
  readonly part: "upload" | "seeds";
  readonly #source: () => Promise<UploadSource>;
  #made: MadeUpload | undefined;

  constructor(part: EnvironmentUpload["part"], source: () => Promise<UploadSource>) {
    this.part = part;
    this.#source = source;
  }

  /** The upload that was made before or, if there is none, a new one for the inventory from `ask`. `notice` shows a warning. */
  async make(of: {
    readonly ask: () => Promise<FunctionInventory>;
    readonly notice: (sentence: string) => void;
    /** True if the upload was refused, so that a new one is made for what the function has now. */
    readonly again: boolean;
  }): Promise<MadeUpload> {
    if (this.#made && !of.again) return this.#made;
    const [known, source] = await Promise.all([of.ask(), this.#source()]);
    const made = await source.uploadFor(known);
    if (!this.#made) for (const sentence of await source.notices()) of.notice(sentence);
    return (this.#made = made);
  }
}
