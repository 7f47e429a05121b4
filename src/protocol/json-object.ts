import * as z from "zod";

type JsonValue = z.core.util.JSONType;

/** True for what `JSON.parse` can return. */
export function isJson(value: unknown): value is JsonValue {
  if (value === null) return true;
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value === "object") return Object.values(value).every(isJson);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** A JSON object. zod's own schema for JSON copies every value, which takes twenty times as long for the metadata of a large project. */
export const JsonObject = z.custom<Record<string, JsonValue>>(
  (value) => typeof value === "object" && !Array.isArray(value) && value !== null && isJson(value),
  "Invalid input: expected a JSON object",
);
