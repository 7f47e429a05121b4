import { isJsonList, isJsonMap, type JsonMap } from "../document/json.ts";
import type { MetadataDocument } from "../document/metadata-document.ts";
import { objectLabel, repeatedObjects, type MetadataObject } from "../document/objects.ts";
import type { JsonPath } from "../document/places.ts";
import { placeText, type MetadataProblem } from "../problem.ts";
import type { MetadataLayout } from "./metadata-files.ts";

/** What Hasura would refuse in a document whose files can be read. */
export function checkDocument(
  document: MetadataDocument,
  { file }: MetadataLayout,
): readonly MetadataProblem[] {
  return [
    ...incompleteSources(document),
    ...(file === undefined ? withoutTables(document) : []),
    ...outermost(repeatedObjects(document.value)).map(([object, first]) =>
      duplicate(object, first, document),
    ),
  ];
}

type Repeated = readonly [object: MetadataObject, first: MetadataObject];

/** Without what is inside another repeated object. */
function outermost(repeated: readonly Repeated[]): readonly Repeated[] {
  const paths = new Set(repeated.map(([{ path }]) => JSON.stringify(path)));
  return repeated.filter(
    ([{ path }]) => !path.some((_, end) => paths.has(JSON.stringify(path.slice(0, end)))),
  );
}

function withoutTables({ value, configVersion }: MetadataDocument): MetadataProblem[] {
  if (configVersion === 3 || value["tables"] !== undefined) return [];
  return [
    {
      severity: "error",
      code: "metadata-incomplete",
      message: "The metadata has no tables: a project with config version 2 needs tables.yaml.",
      advice: "For a project without tables, create it with [] as its only line.",
    },
  ];
}

function incompleteSources(document: MetadataDocument): MetadataProblem[] {
  const sources = document.value["sources"];
  if (!isJsonList(sources)) return [];
  return sources.flatMap((source, index) =>
    isJsonMap(source) ? incompleteSource(source, ["sources", index], document) : [],
  );
}

/** The keys that every source needs, and the value that counts as absent. */
const needed = [
  { key: "name", absent: "", advice: "Give it a name." },
  { key: "kind", absent: "", advice: "Write kind: postgres." },
  { key: "tables", absent: null, advice: "Write tables: []." },
] as const;

function incompleteSource(
  source: JsonMap,
  path: JsonPath,
  document: MetadataDocument,
): MetadataProblem[] {
  const name = source["name"] === "" ? "" : ` ${JSON.stringify(source["name"])}`;
  return needed
    .filter(({ key, absent }) => source[key] === absent)
    .map(({ key, advice }) => ({
      severity: "error",
      code: "metadata-incomplete",
      message: `The source${name} has no ${key}.`,
      ...placed(document, path),
      advice,
    }));
}

function duplicate(
  object: MetadataObject,
  first: MetadataObject,
  document: MetadataDocument,
): MetadataProblem {
  const [place, before] = [document.placeOf(object.path), document.placeOf(first.path)];
  const isSame = place && before && placeText(place) === placeText(before);
  const also = before === undefined ? "" : `, first at ${placeText(before)}`;
  return {
    severity: "error",
    code: "metadata-duplicate",
    message: `The metadata defines the ${objectLabel(object)} twice${isSame ? `, because ${before.file} is included twice` : also}.`,
    ...(place && { place }),
    advice: isSame ? "Remove one of the two includes." : "Remove one of them.",
  };
}

function placed(document: MetadataDocument, path: JsonPath): Pick<MetadataProblem, "place"> {
  const place = document.placeOf(path);
  return place === undefined ? {} : { place };
}
