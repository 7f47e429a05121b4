import { parseActionsYaml } from "../actions/actions-yaml.ts";
import { buildActions } from "../actions/build-actions.ts";
import { convertSdl } from "../actions/convert-sdl.ts";
import type { SourceText } from "../document/source-text.ts";
import type { MetadataProblem } from "../problem.ts";
import { noPart, partOf, type Part, type Reading } from "./part.ts";
import { readSource } from "./read-text.ts";
import { readYamlFile, type YamlSource } from "./read-yaml-file.ts";

const names = ["actions.graphql", "actions.yaml"] as const;

/**
 * Reads the actions and custom types from their two files.
 * @throws MetadataFailure for files that cannot be read, or do not belong together
 */
export async function readActions(reading: Reading): Promise<Part> {
  const [graphql, yaml] = names;
  const sdl = await readSource(`${reading.layout.directory}/${graphql}`, reading.files);
  const entries = await readYamlFile(yaml, { ...reading, isMoved: true });
  if (sdl !== undefined && entries !== undefined) return joinedPart(sdl, entries, reading);
  if (sdl === undefined && entries === undefined) return noPart;
  return partOf([], [missing(sdl === undefined ? graphql : yaml, reading)]);
}

function joinedPart(sdlSource: SourceText, { source, value }: YamlSource, reading: Reading): Part {
  const { origins } = reading;
  const sdl = convertSdl(sdlSource);
  const yaml = parseActionsYaml(value, source, origins);
  const { actions, customTypes, problems } = buildActions({ sdl, yaml, origins });
  return partOf(
    [
      ...(sdl.actions.length > 0
        ? [{ key: "actions", value: actions, spot: { source, offset: 0 } }]
        : []),
      ...(sdl.types.length > 0
        ? [{ key: "custom_types", value: customTypes, spot: { source: sdlSource, offset: 0 } }]
        : []),
    ],
    [...sdl.problems, ...problems],
  );
}

function missing(name: string, { layout }: Reading): MetadataProblem {
  const [other] = names.filter((each) => each !== name);
  return {
    severity: "error",
    code: "metadata-incomplete",
    message: `The actions are incomplete: there is ${layout.directory}/${other ?? ""}, but no ${name}. Without it, Hasura would lose all actions.`,
    advice: `Restore ${name}, or remove ${other ?? ""} if the project has no actions.`,
  };
}
