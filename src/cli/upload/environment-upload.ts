import type { CliContext } from "../context.ts";
import type { UploadPurpose } from "./build-upload.ts";
import type { MadeUpload, UploadDirectory } from "./directory-upload.ts";
import type { FunctionInventory } from "./function-inventory.ts";
import { oncePerDirectory } from "./once-per-directory.ts";

/** Directories that are uploaded, each read once for all environments of a command. Their code is loaded when it is needed. */
export type UploadDirectories = (root: string) => () => Promise<UploadDirectory>;

export function uploadDirectories(
  context: Pick<CliContext, "now" | "capture" | "sleep">,
): UploadDirectories {
  return oncePerDirectory(async (root) => {
    const { UploadDirectory: Directory } = await import("./directory-upload.ts");
    return new Directory(root, context);
  });
}

/** What is uploaded to one environment: the same for the plan that is shown and the run that is confirmed. */
export class EnvironmentUpload {
  readonly #directory: () => Promise<UploadDirectory>;
  #made: MadeUpload | undefined;

  constructor(directory: () => Promise<UploadDirectory>) {
    this.#directory = directory;
  }

  /** The upload that was made before or, if there is none, a new one for the inventory from `ask`. `notice` shows a warning. */
  async make(
    purpose: Omit<UploadPurpose, "from">,
    of: {
      readonly ask: () => Promise<FunctionInventory>;
      readonly notice: (sentence: string) => void;
      /** True if the upload was refused, so that a new one is made for what the function has now. */
      readonly again: boolean;
    },
  ): Promise<MadeUpload> {
    if (this.#made && !of.again) return this.#made;
    const [known, directory] = await Promise.all([of.ask(), this.#begun()]);
    const made = await directory.uploadFor(known, purpose);
    if (!this.#made) for (const sentence of await directory.notices()) of.notice(sentence);
    return (this.#made = made);
  }

  /** The directory, which is read while the function is asked. */
  async #begun(): Promise<UploadDirectory> {
    const directory = await this.#directory();
    directory.begin();
    return directory;
  }
}
