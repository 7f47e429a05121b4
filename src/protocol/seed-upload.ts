import * as z from "zod";
import { UploadedDirectory } from "./run-source.ts";
import { checksum, entryName, shownPath, UploadedFile } from "./upload.ts";

/*
 * The seeds of a developer's directory that are sent in a request: a JSON document, compressed, in base64, like uploaded
 * migrations. Nothing in it is ever used as a path.
 */

/** Seeds in an upload, with or without their text. Their size in bytes is limited by `uploadLimits`. */
export const mostUploadedSeeds = 10_000;

const seed = {
  database: entryName(200).min(1),
  /** Its path below the seeds directory of its database, with forward slashes. */
  name: shownPath,
};

/** One seed: with its text, or listed, because it has already been run and is unchanged. */
export const UploadedSeed = z.union([
  z.strictObject({ ...seed, file: UploadedFile }),
  z.strictObject({ ...seed, path: shownPath, checksum }),
]);
export type UploadedSeed = z.infer<typeof UploadedSeed>;

/** What identifies a seed in an upload. */
export const SeedIdentity = z.strictObject({ ...seed, path: shownPath });

/** What is in an upload of seeds. */
export const SeedUpload = z.strictObject({
  format: z.literal(1),
  /** The layout of the project, as in its config.yaml. */
  configVersion: z.literal([1, 2, 3]),
  from: UploadedDirectory,
  /** The seeds directory, for messages. */
  directory: shownPath,
  /** In the order in which they are run. */
  seeds: z.array(UploadedSeed).max(mostUploadedSeeds),
});
export type SeedUpload = z.infer<typeof SeedUpload>;
