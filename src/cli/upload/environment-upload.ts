import type { CliContext } from "../context.ts";
import type { UploadPurpose } from "./build-upload.ts";
import type { MadeUpload, UploadDirectory } from "./directory-upload.ts";
import type { FunctionInventory } from "./function-inventory.ts";

/** Directories that are uploaded, each read once for all environments of a command. Their code is loaded when it is needed. */
export type UploadDirectories = (root: string) => () => Promise<UploadDirectory>;

export function uploadDirectories(context: Pick<CliContext, "now" | "capture">): UploadDirectories {
  const opened = new Map<string, Promise<UploadDirectory>>();
  const open = async (root: string): Promise<UploadDirectory> => {
    const { UploadDirectory: Directory } = await import("./directory-upload.ts");
    return new Directory(root, context);
  };
  return (root) => () => {
    const directory = opened.get(root) ?? open(root);
    opened.set(root, directory);
    return directory;
  };
}

/** What is uploaded to one environment: the same for the plan that is shown and the run that is confirmed. */
export class EnvironmentUpload {
  readonly #directory: () => Promise<UploadDirectory>;
  #made: MadeUpload | undefined;

  constructor(directory: () => Promise<UploadDirectory>) {
    this.#directory = directory;
  }

  /** Begins to read the directory, while other things are waited for. */
  begin(): void {
    // An error is thrown by what needs the directory.
    this.#directory().then(
      (directory) => directory.begin(),
      () => undefined,
    );
  }

  /** What was made before, or else what is made for what `ask` finds out. `notice` shows a sentence about the files. */
  async make(
    purpose: Omit<UploadPurpose, "from">,
    of: {
      readonly ask: () => Promise<FunctionInventory>;
      readonly notice: (sentence: string) => void;
      /** It was refused: it has to be made for what the function has now. */
      readonly again: boolean;
    },
  ): Promise<MadeUpload> {
    if (this.#made && !of.again) return this.#made;
    const directory = await this.#directory();
    const made = await directory.uploadFor(await of.ask(), purpose);
    if (!this.#made) for (const sentence of await directory.notices()) of.notice(sentence);
    return (this.#made = made);
  }
}
