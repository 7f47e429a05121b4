import * as z from "zod";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { Version } from "../../../protocol/migration.ts";
import { rememberLast } from "../../../remember-last.ts";
import {
  generationSetting,
  type StateChange,
  type StoredVersions,
  type VersionChange,
} from "./version-store.ts";

/*
 * The document `cli_state` (docs/internals/hasura-protocol.md, "The catalog state document"), which
 * Hasura's own CLI and Console also write. Everything unknown is preserved: other top-level keys,
 * settings that are not strings, odd keys of other databases.
 */

type Json = Readonly<Record<string, unknown>>;

/** A validated document; `json` is what is written back. */
export interface CatalogDocument {
  readonly json: Json;
  readonly copyCompleted: boolean;
}

const names = ["migrations", "settings", "isStateCopyCompleted"] as const;
const JsonObject = z.record(z.string(), z.unknown());
// Go reads `null` as an empty map and as false.
const Flags = z.record(z.string(), z.unknown()).nullish();
const Digits = z.string().regex(/^[0-9]+$/);

/**
 * Validates a document from the server. The three names are matched in any case, as Go does, and
 * written in their own. Throws `migration/catalog-state-unreadable`.
 */
export function readCatalogState(cliState: unknown): CatalogDocument {
  return typeof cliState === "object" && cliState !== null
    ? readObject(cliState)
    : validated(cliState);
}

const readObject = rememberLast((cliState: object) => validated(cliState));

function validated(cliState: unknown): CatalogDocument {
  const parsed = JsonObject.safeParse(cliState ?? {});
  if (!parsed.success) throw unreadable("it is not a JSON object");
  const json = withKnownNames(parsed.data);
  for (const name of ["migrations", "settings"] as const) {
    if (!Flags.safeParse(json[name]).success) throw unreadable(`"${name}" is not a JSON object`);
  }
  const copied = z.boolean().nullish().safeParse(json["isStateCopyCompleted"]);
  if (!copied.success) throw unreadable('"isStateCopyCompleted" is neither true nor false');
  return { json, copyCompleted: copied.data ?? false };
}

/**
 * The versions of one database. Throws `migration/catalog-state-unreadable` for a key or a flag
 * that is not valid.
 */
export function versionsIn(document: CatalogDocument, database: string): StoredVersions {
  const known = versionsRead.get(document) ?? new Map<string, StoredVersions>();
  versionsRead.set(document, known);
  const versions = known.get(database) ?? versionsOf(document, database);
  known.set(database, versions);
  return versions;
}

/** Those of a document that have been read, by database. */
const versionsRead = new WeakMap<CatalogDocument, Map<string, StoredVersions>>();

function versionsOf(document: CatalogDocument, database: string): StoredVersions {
  const versions = new Map<Version, { dirty: boolean }>();
  for (const [key, flag] of Object.entries(flagsOf(document.json, database))) {
    const version = versionOf(key);
    if (version === undefined) throw unreadable(`"${key}" under "${database}" is not a version`);
    const dirty = z.boolean().nullable().safeParse(flag);
    if (!dirty.success)
      throw unreadable(`the flag of version ${key} under "${database}" is neither true nor false`);
    versions.set(version, {
      dirty: (dirty.data ?? false) || (versions.get(version)?.dirty ?? false),
    });
  }
  return versions;
}

/** True where the setting `migration_mode` forbids changes; the default is to allow them. */
export function isDisabled(document: CatalogDocument): boolean {
  const mode = objectOf(document.json["settings"])["migration_mode"];
  return mode !== undefined && mode !== "" && mode !== "true" && mode !== true;
}

/**
 * The document with these changes, and with the defaults that the official CLI writes when they are
 * missing.
 */
export function withChanges(
  document: CatalogDocument,
  changes: Iterable<StateChange>,
  copyCompleted: boolean,
): CatalogDocument {
  const migrations: Record<string, unknown> = { ...objectOf(document.json["migrations"]) };
  const settings: Record<string, unknown> = { ...objectOf(document.json["settings"]) };
  const byDatabase = new Map<string, Map<Version, VersionChange["to"]>>();
  for (const change of changes) {
    if (!("version" in change))
      settings[generationSetting] = JSON.stringify({
        ...generationsOf(settings),
        [change.database]: change.generation,
      });
    else if (byDatabase.get(change.database)?.set(change.version, change.to) === undefined)
      byDatabase.set(change.database, new Map([[change.version, change.to]]));
  }
  for (const [database, to] of byDatabase)
    migrations[database] = withVersions(objectOf(migrations[database]), to);
  const mode = settings["migration_mode"];
  return {
    json: {
      ...document.json,
      ...(Object.keys(migrations).length > 0 && { migrations }),
      settings: { ...settings, migration_mode: mode === undefined || mode === "" ? "true" : mode },
      isStateCopyCompleted: copyCompleted || document.copyCompleted,
    },
    copyCompleted: copyCompleted || document.copyCompleted,
  };
}

/** The document with versions copied from an older table; existing entries stay as they are. */
export function withCopied(
  document: CatalogDocument,
  database: string,
  copied: StoredVersions,
): CatalogDocument {
  const flags = Object.fromEntries([...copied].map(([version, { dirty }]) => [version, dirty]));
  const migrations = objectOf(document.json["migrations"]);
  return {
    ...document,
    json: {
      ...document.json,
      migrations: { ...migrations, [database]: { ...flags, ...flagsOf(document.json, database) } },
    },
  };
}

/**
 * The ledger's generation when hasura-migrate last wrote this document. A ledger behind it means a
 * restored database.
 */
export function generationIn(document: CatalogDocument, database: string): bigint | undefined {
  const text = generationsOf(objectOf(document.json["settings"]))[database];
  return text === undefined ? undefined : BigInt(text);
}

/**
 * A string, because the official CLI preserves only settings that are strings
 * (docs/internals/hasura-protocol.md, "The catalog state document").
 */
const Generations = z.string().transform((text, context) => {
  try {
    return z.record(z.string(), z.string().regex(/^\d+$/)).parse(JSON.parse(text));
  } catch {
    context.addIssue("not a map of generations");
    return z.NEVER;
  }
});

function generationsOf(settings: Json): Record<string, string> {
  const parsed = Generations.safeParse(settings[generationSetting]);
  return parsed.success ? parsed.data : {};
}

/** In one pass: a run writes often, each time with all of its migrations. */
function withVersions(flags: Json, to: ReadonlyMap<Version, VersionChange["to"]>): Json {
  const next: Record<string, unknown> = {};
  const present = new Set<Version>();
  for (const [key, flag] of Object.entries(flags)) {
    const version = versionOf(key);
    const change = version === undefined ? undefined : to.get(version);
    // A key such as `001` is the same version; it stays unless its version is removed.
    if (change === "absent") continue;
    if (version !== undefined) present.add(version);
    // The official CLI writes a null flag back as false.
    next[key] = change === "applied" ? false : (flag ?? false);
  }
  for (const [version, change] of to)
    if (change === "applied" && !present.has(version)) next[version] = false;
  return next;
}

function withKnownNames(json: Json): Json {
  // A name in its own case wins over any other spelling, which is then left as it is.
  const known = (key: string): string =>
    names.find((name) => !(name in json) && name.toLowerCase() === key.toLowerCase()) ?? key;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [known(key), value]));
}

function versionOf(key: string): Version | undefined {
  if (/^[1-9]\d{0,17}$/.test(key)) return key; // nearly always, and there may be thousands
  if (!Digits.safeParse(key).success) return undefined;
  const version = Version.safeParse(BigInt(key).toString());
  return version.success ? version.data : undefined;
}

function flagsOf(json: Json, database: string): Json {
  const flags = Flags.safeParse(objectOf(json["migrations"])[database]);
  if (!flags.success) throw unreadable(`the versions of "${database}" are not a JSON object`);
  return flags.data ?? {};
}

function objectOf(value: unknown): Json {
  const parsed = JsonObject.safeParse(value);
  return parsed.success ? parsed.data : {};
}

function unreadable(problem: string): Failure {
  return new Failure(
    "migration",
    "catalog-state-unreadable",
    `Hasura's migration state is invalid: ${problem}.`,
    {
      hints: [
        textHint(
          "Inspect it with the metadata API request get_catalog_state; Hasura's own CLI refuses it as well.",
        ),
      ],
    },
  );
}
