import { isCollection, isScalar } from "yaml";
import type { JsonPath } from "../document/places.ts";
import type { SourceText } from "../document/source-text.ts";
import { parseYaml } from "./parse-yaml.ts";

/**
 * The text of each scalar of a file as it is written: `1.10` and `010`, whose values are other numbers. Undefined for a path that leads to
 * none, or through an alias.
 * @throws MetadataFailure as `parseYaml` does
 */
export function scalarTexts(source: SourceText): (path: JsonPath) => string | undefined {
  const { contents } = parseYaml(source);
  return (path) => {
    const node = isCollection(contents) ? contents.getIn(path, true) : undefined;
    return isScalar(node) ? node.source : undefined;
  };
}
