import { didYouMean } from "../../did-you-mean.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import { databaseNeeded } from "../plan/resolve-databases.ts";
import {
  isMeant,
  isSeedName,
  normalPath,
  type ProjectSeeds,
  type SeedFile,
} from "../project/seeds.ts";

/** Which seeds of a project are meant. */
export interface SeedSelection {
  /** Only those of this database. */
  readonly database: string | undefined;
  /** Only these, by their path from the project's root or below the seeds directory of their database; in this order. */
  readonly files: readonly string[] | undefined;
}

/**
 * The selected seeds, in order. Throws `usage` failures: `no-seeds`, `seed-name`, `seed-not-found`, and `database-needed` for a
 * name that several databases have.
 */
export function selectSeeds(
  seeds: ProjectSeeds,
  { database, files }: SeedSelection,
): readonly SeedFile[] {
  const own = seeds.files.filter((seed) => database === undefined || seed.database === database);
  if (own.length === 0) throw noSeeds(seeds, database);
  if (files === undefined) return own;
  return [...new Set(files.map((file) => seedOf(file, own, seeds)))];
}

function seedOf(file: string, own: readonly SeedFile[], seeds: ProjectSeeds): SeedFile {
  const path = normalPath(file);
  if (!isSeedName(path)) throw wrongName(file);
  const found = own.filter((seed) => isMeant(seed, path));
  const [first, second] = found;
  if (second !== undefined) throw databaseNeeded(found.map(({ database }) => database));
  if (first === undefined) throw notFound(path, own, seeds);
  return first;
}

function noSeeds(
  { directory, configVersion, files, isUploaded }: ProjectSeeds,
  database: string | undefined,
): Failure {
  const place = configVersion === 3 ? `${directory}/${database ?? "<database>"}` : directory;
  const others = [...new Set(files.map((seed) => seed.database))];
  const found = others.length === 0 ? "" : ` There are seeds for ${shortenList(others)}.`;
  return new Failure("usage", "no-seeds", `There are no seeds in ${place}.${found}`, {
    hints: [
      textHint(`Seeds are files that end in .sql, in ${place} or a directory below it.`),
      isUploaded
        ? retryHint({
            without: ["--from"],
            with: ["--image"],
            reason: "or use the seeds in the image",
          })
        : retryHint({
            without: ["--image"],
            with: ["--from", "."],
            reason: "or use the seeds of this directory, instead of those in the image",
          }),
    ],
  });
}

function wrongName(file: string): Failure {
  return new Failure(
    "usage",
    "seed-name",
    `${file} is not the name of a seed: it does not end in .sql or .SQL.`,
  );
}

function notFound(path: string, own: readonly SeedFile[], { directory }: ProjectSeeds): Failure {
  const names = own.map(({ name }) => name);
  return new Failure(
    "usage",
    "seed-not-found",
    `There is no seed ${path}.${didYouMean(path, [...names, ...own.map((seed) => seed.path)])} Existing seeds: ${shortenList(names, 10)}.`,
    {
      hints: [
        textHint(
          `Give its path from the project's root (${own[0]?.path ?? directory}), or from the directory of its database (${names[0] ?? ""}).`,
        ),
      ],
    },
  );
}
