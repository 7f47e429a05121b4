import { isJsonList, isJsonMap, type JsonList, type JsonMap } from "../document/json.ts";

/** What a document has in the two files of actions. */
export interface ActionParts {
  readonly actions: JsonList;
  /** The value of `custom_types`. */
  readonly customTypes: JsonMap;
}

/** The actions and custom types of a document; nothing where it has none. */
export function actionParts(document: JsonMap): ActionParts {
  const { actions = [], custom_types: customTypes = {} } = document;
  return {
    actions: isJsonList(actions) ? actions : [],
    customTypes: isJsonMap(customTypes) ? customTypes : {},
  };
}

/** The types of one list of `custom_types`. */
export function typesIn(customTypes: JsonMap, list: string): JsonMap[] {
  const types = customTypes[list];
  return isJsonList(types) ? types.filter(isJsonMap) : [];
}
