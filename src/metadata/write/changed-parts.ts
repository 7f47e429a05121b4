import { canonicalText } from "../diff/canonical-text.ts";
import { isJsonList, type Json, type JsonMap } from "../document/json.ts";
import { SourceText } from "../document/source-text.ts";
import { filesOfVersion2, filesOfVersion3, type LayoutFile } from "../project/layout-files.ts";
import type { MetadataLayout } from "../project/metadata-files.ts";
import { ExpandedSize } from "../yaml/expanded-size.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { toJson } from "../yaml/to-json.ts";
import { actionParts } from "./action-parts.ts";
import { allLists } from "./document-form.ts";
import { FileNames } from "./file-names.ts";
import { newActions, newProject, newSources, contentOf } from "./new-project.ts";
import { patchActionsYaml } from "./patch-actions.ts";
import { patchSdl } from "./patch-sdl.ts";
import { patchSources } from "./patch-sources.ts";
import { patchYaml } from "./patch-yaml.ts";
import type { NewFiles } from "./source-files.ts";
import { yamlFile } from "./yaml-text.ts";

/** A part of a project's metadata: some of its files, and the keys of the document that they contain. */
export interface ProjectPart {
  readonly keys: readonly string[];
  /** All files of the part, by their path from the project's root. */
  readonly texts: NewFiles;
  /** The same value in new files, as the Hasura CLI writes them. */
  readonly rewritten: () => NewFiles;
}

/** A project, and the document that it should have. */
export interface ChangedProject {
  readonly layout: MetadataLayout;
  /** Every file of the metadata, by its path from the project's root. */
  readonly texts: ReadonlyMap<string, string>;
  readonly before: JsonMap;
  readonly after: JsonMap;
}

/** All files of a project that has none yet. */
export function newParts({ layout, after }: ChangedProject): readonly ProjectPart[] {
  const { configVersion, directory, file } = layout;
  const texts = (): NewFiles =>
    file === undefined
      ? newProject(after, configVersion, { directory, names: new FileNames() })
      : new Map([[file, singleText(file, after)]]);
  return [{ keys: Object.keys(after), texts: texts(), rewritten: texts }];
}

/** The files of a project with another document. What does not differ keeps its text. */
export function changedParts(project: ChangedProject): readonly ProjectPart[] {
  const { file, configVersion } = project.layout;
  if (file !== undefined) return [singlePart(file, project)];
  const listed = configVersion === 3 ? filesOfVersion3 : filesOfVersion2;
  return [
    ...(configVersion === 3 ? [sourcesPart(project)] : []),
    ...[versionFile, ...listed].map((each) => listedPart(each, project)),
    actionsPart(project),
  ];
}

const versionFile: LayoutFile = { path: "version.yaml", key: "version", shape: "map" };

function singlePart(file: string, { texts, before, after }: ChangedProject): ProjectPart {
  const rewritten = (): NewFiles => new Map([[file, singleText(file, after)]]);
  const text = texts.get(file);
  const isSame = canonicalText(before) === canonicalText(after);
  const changed =
    isSame || file.endsWith(".json")
      ? undefined
      : patchYaml(text ?? "", { before, after }, { keys: allLists });
  const own = isSame ? text : changed;
  return {
    keys: Object.keys({ ...before, ...after }),
    texts: own === undefined ? rewritten() : new Map([[file, own]]),
    rewritten,
  };
}

function singleText(file: string, document: JsonMap): string {
  return file.endsWith(".json") ? `${JSON.stringify(document, null, 2)}\n` : yamlFile(document);
}

function listedPart(file: LayoutFile, project: ChangedProject): ProjectPart {
  const { layout, texts, before, after } = project;
  const path = `${layout.directory}/${file.path}`;
  const text = texts.get(path);
  const { key } = file;
  const whole = (): string =>
    yamlFile(key === "version" ? { version: layout.configVersion } : contentOf(after, file));
  const rewritten = (): NewFiles => new Map([[path, whole()]]);
  const part = (own: string | undefined): ProjectPart => ({
    keys: [key],
    texts: own === undefined ? new Map() : new Map([[path, own]]),
    rewritten,
  });
  if (isSame(before[key], after[key])) return part(text);
  if (text === undefined || key === "version") return part(whole());
  const list = allLists[key];
  const value = { before: before[key] ?? null, after: contentOf(after, file) };
  return part(patchYaml(text, value, list ? { list } : {}) ?? whole());
}

function isSame(before: Json | undefined, after: Json | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  return canonicalText(before) === canonicalText(after);
}

function sourcesPart({ layout, texts, before, after }: ChangedProject): ProjectPart {
  const { directory } = layout;
  const prefix = `${directory}/databases/`;
  const root = `${prefix}databases.yaml`;
  const others = [...texts.keys()].filter((path) => !isTopLevel(path, layout));
  const own = new Map([...texts].filter(([path]) => others.includes(path)));
  const rewritten = (): NewFiles => newSources(after, { directory, names: new FileNames() });
  const changed = patchSources(
    { directory, texts: own, before: listOf(before["sources"]), after: listOf(after["sources"]) },
    () => new FileNames(texts.keys()),
  );
  const hasRoot = own.has(root);
  const whole = changed === undefined || !hasRoot ? rewritten() : new Map([...own, ...changed]);
  return { keys: ["sources"], texts: whole, rewritten };
}

function listOf(value: Json | undefined) {
  return isJsonList(value) ? value : [];
}

/** True for a file that is read because of its name, not because another one includes it. */
function isTopLevel(path: string, { directory }: MetadataLayout): boolean {
  return [
    ...filesOfVersion3,
    versionFile,
    { path: "actions.yaml" },
    { path: "actions.graphql" },
  ].some((file) => path === `${directory}/${file.path}`);
}

function actionsPart({ layout: { directory }, texts, before, after }: ChangedProject): ProjectPart {
  const keys = ["actions", "custom_types"];
  const rewritten = (): NewFiles => newActions(after, directory);
  const [sdlPath, yamlPath] = [`${directory}/actions.graphql`, `${directory}/actions.yaml`];
  const [sdl, yaml] = [texts.get(sdlPath), texts.get(yamlPath)];
  const parts = { before: actionParts(before), after: actionParts(after) };
  const part = (own: NewFiles): ProjectPart => ({ keys, texts: own, rewritten });
  if (sdl === undefined && yaml === undefined)
    return part(keys.some((key) => after[key] !== undefined) ? rewritten() : new Map());
  if (sdl === undefined || yaml === undefined) return part(rewritten());
  const changed = patchActionsYaml({ text: yaml, value: yamlValueOf(yaml), ...parts });
  if (changed === undefined) return part(rewritten());
  return part(
    new Map([
      [sdlPath, patchSdl({ text: sdl, ...parts })],
      [yamlPath, changed],
    ]),
  );
}

function yamlValueOf(text: string): Json {
  const file = parseYaml(new SourceText("actions.yaml", text));
  return toJson(file, { origins: new WeakMap(), size: new ExpandedSize() });
}
