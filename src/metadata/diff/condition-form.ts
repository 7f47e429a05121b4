import { isJsonList, isJsonMap, type Json } from "../document/json.ts";
import { canonicalText } from "./canonical-text.ts";

/** A part of a condition in the one form that is compared. */
interface Part {
  readonly text: string;
  /** Of a relationship or a table: the parts that all have to hold for the same row of it. */
  readonly ofOneRow?: { readonly key: string; readonly parts: readonly Part[] };
}

/**
 * A text that is the same for two conditions that differ only in notation: conjunctions as keys of one map, as `_and`, or
 * as `_and` in `_and`; the order of their parts; and `{a: 1}` for `{a: {_eq: 1}}`.
 */
export function conditionForm(condition: Json): string {
  return formOf(parts(condition));
}

/** True if every part of `condition` is also required by `other`, so that `other` holds for no other rows. */
export function isKeptBy(condition: Json, other: Json): boolean {
  return areRequired(parts(condition), parts(other));
}

function areRequired(required: readonly Part[], by: readonly Part[]): boolean {
  return required.every((part) => by.some((other) => isRequired(part, other)));
}

function isRequired({ text, ofOneRow }: Part, by: Part): boolean {
  if (text === by.text) return true;
  if (ofOneRow === undefined || by.ofOneRow?.key !== ofOneRow.key) return false;
  return areRequired(ofOneRow.parts, by.ofOneRow.parts);
}

const formOf = (all: readonly Part[]): string =>
  JSON.stringify(all.map(({ text }) => text).toSorted());

function parts(condition: Json): Part[] {
  if (!isJsonMap(condition)) return [{ text: canonicalText(condition) }];
  return Object.entries(condition).flatMap(([key, value]) => partsOf(key, value));
}

function partsOf(key: string, value: Json): Part[] {
  switch (key) {
    case "_and":
    case "$and":
      return isJsonList(value) ? value.flatMap(parts) : parts(value);
    case "_or":
    case "$or":
      return [
        { text: `_or ${JSON.stringify(isJsonList(value) ? value.map(conditionForm) : value)}` },
      ];
    case "_not":
    case "$not":
      return [{ text: `_not ${conditionForm(value)}` }];
    case "_where":
      return [rowPart(key, value)];
    case "_table":
      return [{ text: `_table ${canonicalText(value)}` }];
    default:
      return fieldParts(key, value);
  }
}

function rowPart(key: string, condition: Json): Part {
  const inner = parts(condition);
  return { text: `${key} ${formOf(inner)}`, ofOneRow: { key, parts: inner } };
}

const operator = /^[_$](?!(and|or|not|exists)$)/;

/** Operators on a column are independent parts; the parts of a relationship have to hold for the same row, so they stay together. */
function fieldParts(key: string, value: Json): Part[] {
  if (!isJsonMap(value)) return [{ text: `${key} _eq ${canonicalText(value)}` }];
  const entries = Object.entries(value);
  const isColumn = entries.length > 0 && entries.every(([name]) => operator.test(name));
  return isColumn && !/^[_$]exists$/.test(key)
    ? entries.map(([name, operand]) => ({ text: `${key} ${name} ${canonicalText(operand)}` }))
    : [rowPart(key, value)];
}
