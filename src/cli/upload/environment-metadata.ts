import { isNoMetadata } from "../../engine/project/no-metadata.ts";
import type { LocalMetadata } from "./local-metadata.ts";

/** The metadata of a directory that is sent to one environment. Its notices are shown only once, even if it is sent several times. */
export class EnvironmentMetadata {
  readonly #read: () => Promise<LocalMetadata>;
  readonly #isOptional: boolean;
  #isReported = false;

  /** `isOptional`: a directory without metadata is no error. */
  constructor(
    read: () => Promise<LocalMetadata>,
    { isOptional }: { readonly isOptional: boolean },
  ) {
    this.#read = read;
    this.#isOptional = isOptional;
  }

  /** The metadata; undefined, with a notice, if there is none and that is no error. Errors from reading it are rethrown. */
  async make(notice: (sentence: string) => void): Promise<LocalMetadata | undefined> {
    const local = await this.#read().catch((error: unknown) => {
      if (!this.#isOptional || !isNoMetadata(error)) throw error;
      return undefined;
    });
    const sentences = local?.warnings ?? [
      "The project has no metadata: only its migrations are deployed.",
    ];
    if (!this.#isReported) for (const sentence of sentences) notice(sentence);
    this.#isReported = true;
    return local;
  }
}
