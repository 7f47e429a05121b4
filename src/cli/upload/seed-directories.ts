import type { CliContext } from "../context.ts";
import type { MadeUpload } from "./directory-upload.ts";
import type { FunctionInventory } from "./function-inventory.ts";
import type { LocalSeeds, SeedPurpose } from "./local-seeds.ts";
import { oncePerDirectory } from "./once-per-directory.ts";

/** The seeds of directories, each found once for all environments of a command. Their code is loaded when it is needed. */
export type SeedDirectories = (root: string) => () => Promise<LocalSeeds>;

export function seedDirectories(context: Pick<CliContext, "capture">): SeedDirectories {
  return oncePerDirectory(async (root) => {
    const { localSeeds } = await import("./local-seeds.ts");
    return localSeeds(root, context);
  });
}

/** The seeds that are uploaded to one environment: the same for the plan that is shown and the run that is confirmed. */
export class EnvironmentSeeds {
  readonly #directory: () => Promise<LocalSeeds>;
  #made: MadeUpload | undefined;

  constructor(directory: () => Promise<LocalSeeds>) {
    this.#directory = directory;
  }

  /** The upload that was made before or, if there is none, a new one for the inventory from `ask`. `notice` shows a warning. */
  async make(
    purpose: SeedPurpose,
    of: {
      readonly ask: () => Promise<FunctionInventory>;
      readonly notice: (sentence: string) => void;
      /** True if the upload was refused, so that a new one is made for what the function has now. */
      readonly again: boolean;
    },
  ): Promise<MadeUpload> {
    if (this.#made && !of.again) return this.#made;
    const [directory, known] = await Promise.all([this.#directory(), of.ask()]);
    const made = await directory.uploadFor(known, purpose);
    if (!this.#made) for (const sentence of directory.warnings) of.notice(sentence);
    return (this.#made = made);
  }
}
