import * as z from "zod";
import { isKeptRollback, Version } from "./migration.ts";
import { UploadedDirectory } from "./run-source.ts";

/*
 * Migrations from a developer's directory that are sent in a request: a JSON document, compressed, in base64. Everything in it is
 * checked before anything else happens. Nothing in it is ever used as a path, and the function writes none of it to a disk.
 */

/** The limits of an upload. */
export const uploadLimits = {
  /** Bytes after compression: in base64 they fit into Lambda's largest request, 6 MB, with the rest of it. */
  compressedBytes: 4_500_000,
  /** Bytes of the document. */
  expandedBytes: 32 * 1024 * 1024,
  /** Migrations whose files are in it. */
  migrations: 5000,
  /** Migrations that are listed without their files. */
  known: 20_000,
} as const;

/** An upload in a request. Its size and content are checked when it is decoded. */
export const UploadEnvelope = z.strictObject({
  encoding: z.literal("brotli"),
  /** Base64. */
  data: z.string(),
});
export type UploadEnvelope = z.infer<typeof UploadEnvelope>;

const unprintable = /[\p{Cc}\p{Surrogate}\u2028\u2029]/u;
const isPrintable = (text: string): boolean => !unprintable.test(text);
const printable = "must not contain control characters";

/** A single name, such as that of a file. */
export const entryName = (most: number) =>
  z
    .string()
    .max(most)
    .refine(isPrintable, printable)
    .refine((text) => !/[/\\]/.test(text), "must not contain a slash");

/** For messages only: the path is never opened. */
export const shownPath = z
  .string()
  .min(1)
  .max(1000)
  .refine(isPrintable, printable)
  .refine(
    (path) => !/^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)/.test(path),
    "must be a path inside the project",
  )
  // The path is shown in the plan that the user confirms.
  .refine((path) => !isKeptRollback(path), "must not look like the ledger's own SQL");

const sql = z
  .string()
  .refine((text) => !text.includes("\0"), "must not contain a NUL character")
  .refine((text) => !/\p{Surrogate}/u.test(text), "must be valid Unicode");

/** SHA-256 in hex. */
export const checksum = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex characters");

const unusable = [
  z.strictObject({
    ...{ path: shownPath, checksum, problem: z.literal("not-utf8") },
    encoding: z.enum(["UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32", "unknown"]),
  }),
  z.strictObject({
    ...{ path: shownPath, checksum, problem: z.literal("nul-character") },
    line: z.int().min(1),
  }),
] as const;

/**
 * A file with its text, or the reason why it cannot be run. The reason matters only if the operation would run the file. The text of one that
 * has only a byte order mark is empty.
 */
export const UploadedFile = z.union([z.strictObject({ path: shownPath, sql }), ...unusable]);
export type UploadedFile = z.infer<typeof UploadedFile>;

const migration = {
  database: entryName(200).min(1),
  version: Version,
  /** Without its version. */
  name: entryName(300),
};

/** What identifies a migration in an upload. */
export const MigrationIdentity = z.strictObject(migration);

/** One migration with its files. */
export const UploadedMigration = z.strictObject({
  ...migration,
  up: UploadedFile.optional(),
  down: UploadedFile.optional(),
});
export type UploadedMigration = z.infer<typeof UploadedMigration>;

/** A migration of the directory whose files the operation does not need. */
export const KnownMigration = z.strictObject({
  ...migration,
  /** The first 32 hex characters of the up file's checksum; absent where there is none. */
  checksum: z
    .string()
    .regex(/^[0-9a-f]{32}$/, "must be 32 hex characters")
    .optional(),
  hasDown: z.boolean(),
});
export type KnownMigration = z.infer<typeof KnownMigration>;

/** What is in an upload: how the project of the directory differs from the one in the image. */
export const UploadDocument = z.strictObject({
  format: z.literal(1),
  /** The digest of the image's files that it was made against; if it has changed, the run is refused (`busy/image-changed`). */
  image: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex characters"),
  /** The layout of the project, as in its config.yaml. */
  configVersion: z.literal([1, 2, 3]),
  from: UploadedDirectory,
  /** Versions of the image that the directory does not have. */
  without: z
    .array(
      z.strictObject({
        database: migration.database,
        versions: z.array(Version).max(uploadLimits.known),
      }),
    )
    .max(1000),
  /** Migrations that the image does not have, or has with different files. */
  migrations: z.array(UploadedMigration).max(uploadLimits.migrations),
  known: z.array(KnownMigration).max(uploadLimits.known),
});
export type UploadDocument = z.infer<typeof UploadDocument>;
