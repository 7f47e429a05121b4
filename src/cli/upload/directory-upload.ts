import {
  readProjectFiles,
  type FileSystem,
  type ProjectFiles,
} from "../../engine/project/project-files.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { UploadedDirectory } from "../../protocol/run-source.ts";
import type { UploadEnvelope } from "../../protocol/upload.ts";
import type { CliContext } from "../context.ts";
import { uploadDocument, type UploadPurpose } from "./build-upload.ts";
import { compressedUpload } from "./compress-upload.ts";
import { directoryFacts } from "./directory-facts.ts";
import { filesChanging, mostReads } from "./files-changing.ts";
import type { FunctionInventory } from "./function-inventory.ts";

interface ReadDirectory {
  readonly files: ProjectFiles;
  readonly from: UploadedDirectory;
}

type DirectoryContext = Pick<CliContext, "now" | "capture"> & {
  /** Between files; without it they are read without a pause. */
  readonly sleep?: CliContext["sleep"];
  /** The disk, if absent. */
  readonly fs?: FileSystem;
};

/** The upload, and what identifies its directory. */
export interface MadeUpload {
  readonly envelope: UploadEnvelope;
  readonly from: UploadedDirectory;
}

/** How a command uses the migrations of a directory. */
export type MigrationPurpose = Omit<UploadPurpose, "from">;

/** The migrations of a directory, read once for all environments to which they are uploaded. */
export class UploadDirectory {
  readonly root: string;
  readonly #context: DirectoryContext;
  #reading: Promise<ReadDirectory> | undefined;

  constructor(root: string, context: DirectoryContext) {
    this.root = root;
    this.#context = context;
  }

  /** Starts reading it early; an error is thrown later, where the result is needed. */
  begin(): void {
    this.#read().catch(() => undefined);
  }

  /** Warnings about the directory that do not stop a run, as sentences. */
  async notices(): Promise<readonly string[]> {
    const { files } = await this.#read();
    return files.project.notices.map(({ message }) => message);
  }

  /**
   * The upload for a function with this inventory. It never mixes two states: a directory that changes while it is read is read again. Throws
   * `usage` failures: `files-changing`, `no-project`, and what reading and building it throws.
   */
  async uploadFor(known: FunctionInventory, purpose: MigrationPurpose): Promise<MadeUpload> {
    for (let reads = 1; ; reads += 1) {
      const { files, from } = await this.#read();
      try {
        const document = await uploadDocument(files, known, { ...purpose, from });
        if (await files.isUnchanged()) return { envelope: compressedUpload(document), from };
      } catch (thrown) {
        // A file may be gone, or half written.
        if (await files.isUnchanged()) throw thrown;
      }
      this.#reading = undefined;
      if (reads >= mostReads) throw filesChanging(this.root);
    }
  }

  #read(): Promise<ReadDirectory> {
    return (this.#reading ??= readDirectory(this.root, this.#context));
  }
}

async function readDirectory(root: string, context: DirectoryContext): Promise<ReadDirectory> {
  const [files, from] = await Promise.all([
    readProjectFiles(root, {
      now: context.now,
      ...(context.fs && { fs: context.fs }),
      pause: async () => context.sleep?.(0),
    }),
    directoryFacts(root, context),
  ]);
  if (files.project.databases.size === 0) throw noMigrations(root);
  return { files, from };
}

/** Otherwise, with the wrong directory, every migration in the image would be left out. */
function noMigrations(root: string): Failure {
  return new Failure(
    "usage",
    "no-project",
    `There are no migrations in ${root}; nothing was sent.`,
    {
      hints: [
        textHint(
          "Use the directory of a Hasura project (the one with config.yaml), or its migrations directory.",
        ),
      ],
    },
  );
}
