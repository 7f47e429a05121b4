import { isJsonList, isJsonMap, kindOfJson, type Json } from "../document/json.ts";
import type { Origins } from "../document/places.ts";
import type { Spot } from "../document/source-text.ts";
import { unreadable, type MetadataProblem } from "../problem.ts";
import type { ExpandedSize } from "../yaml/expanded-size.ts";
import type { MetadataFiles, MetadataLayout } from "./metadata-files.ts";

/** What is needed to read the files of one project. */
export interface Reading {
  readonly layout: MetadataLayout;
  readonly files: MetadataFiles;
  /** Receives the position of everything. */
  readonly origins: Origins;
  readonly size: ExpandedSize;
  /** See `Conversion`. */
  readonly isMoved?: true;
}

/** A key of the document, with the position of its value. */
export interface Entry {
  readonly key: string;
  readonly value: Json;
  readonly spot?: Spot;
}

/** What one file, or a pair of files, contributes to the document. */
export interface Part {
  readonly exists: boolean;
  readonly entries: readonly Entry[];
  readonly problems: readonly MetadataProblem[];
}

export const noPart: Part = { exists: false, entries: [], problems: [] };

/** The part of a file that exists. */
export function partOf(entries: readonly Entry[], problems: readonly MetadataProblem[] = []): Part {
  return { exists: true, entries, problems };
}

/** @throws MetadataFailure for a value of another shape */
export function refuseOtherShape(value: Json, shape: "list" | "map", spot: Spot): void {
  if (shape === "list" ? isJsonList(value) : isJsonMap(value)) return;
  throw unreadable(
    spot,
    shape === "list"
      ? `Expected a list, found ${kindOfJson(value)}.`
      : `Expected a mapping, found ${kindOfJson(value)}.`,
    shape === "list"
      ? "Begin each item with a dash, or write [] for an empty list."
      : "Write key: value on each line, or {} if there are no keys.",
  );
}
