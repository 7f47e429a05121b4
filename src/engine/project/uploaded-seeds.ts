import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { SeedUpload, UploadedSeed } from "../../protocol/seed-upload.ts";
import { bodyOfText, unusableText } from "./migration-file.ts";
import type { ProjectSeeds, SeedFile } from "./seeds.ts";

/** The seeds that came with a request. */
export function uploadedSeeds({ configVersion, directory, seeds }: SeedUpload): ProjectSeeds {
  // The client has already shown the warnings about the directory.
  const files = seeds.map(uploadedSeed);
  return { configVersion, directory, files, notices: [], isUploaded: true };
}

function uploadedSeed(seed: UploadedSeed): SeedFile {
  const { database, name } = seed;
  if (!("file" in seed))
    return {
      ...{ database, name, path: seed.path, checksum: seed.checksum },
      body: () => Promise.reject(notSent(seed.path)),
    };
  const { file } = seed;
  return {
    ...{ database, name, path: file.path },
    body: async () => {
      if ("problem" in file) throw unusableText(file, file.path);
      return bodyOfText(file.sql, file.path);
    },
  };
}

function notSent(path: string): Failure {
  return new Failure(
    "busy",
    "upload-outdated",
    `${path} has to be run now, but was not uploaded, because it had already been run when the upload was prepared.`,
    { hints: [textHint("Run the same command again.")] },
  );
}
