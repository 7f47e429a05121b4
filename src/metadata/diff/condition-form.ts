import { isJsonList, isJsonMap, type Json } from "../document/json.ts";
import { canonicalText } from "./canonical-text.ts";

/**
 * A text that is the same for two conditions that differ only in notation: conjunctions as keys of one map, as `_and`, or
 * as `_and` in `_and`; the order of their parts; and `{a: 1}` for `{a: {_eq: 1}}`.
 */
export function conditionForm(condition: Json): string {
  return JSON.stringify(parts(condition).toSorted());
}

function parts(condition: Json): string[] {
  if (!isJsonMap(condition)) return [canonicalText(condition)];
  return Object.entries(condition).flatMap(([key, value]) => partsOf(key, value));
}

function partsOf(key: string, value: Json): string[] {
  switch (key) {
    case "_and":
    case "$and":
      return isJsonList(value) ? value.flatMap(parts) : parts(value);
    case "_or":
    case "$or":
      return [`_or ${JSON.stringify(isJsonList(value) ? value.map(conditionForm) : value)}`];
    case "_not":
    case "$not":
      return [`_not ${conditionForm(value)}`];
    case "_where":
      return [`_where ${conditionForm(value)}`];
    case "_table":
      return [`_table ${canonicalText(value)}`];
    default:
      return fieldParts(key, value);
  }
}

const operator = /^[_$](?!(and|or|not|exists)$)/;

/** Operators on a column are independent parts; the parts of a relationship have to hold for the same row, so they stay together. */
function fieldParts(key: string, value: Json): string[] {
  if (!isJsonMap(value)) return [`${key} _eq ${canonicalText(value)}`];
  const entries = Object.entries(value);
  const isColumn = entries.length > 0 && entries.every(([name]) => operator.test(name));
  return isColumn && !/^[_$]exists$/.test(key)
    ? entries.map(([name, operand]) => `${key} ${name} ${canonicalText(operand)}`)
    : [`${key} ${conditionForm(value)}`];
}
