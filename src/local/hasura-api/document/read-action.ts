import { isJsonMap, type JsonMap } from "../../../metadata/document/json.ts";
import { postgresName } from "./object-name.ts";
import { parseFailed } from "../hasura-error.ts";
import { textAt } from "../metadata-document.ts";
import {
  anything,
  boolean,
  list,
  number,
  object,
  optional,
  required,
  text,
  type Reader,
} from "./read-value.ts";

/** The headers of a client that the server does not forward unless it is told otherwise (its Hasura/Authentication/Headers.hs). */
const ignoredClientHeaders = [
  ...["Content-Length", "Content-MD5", "User-Agent", "Host", "Origin", "Referer", "Accept"],
  ...["Accept-Encoding", "Accept-Language", "Accept-Datetime", "Cache-Control", "Connection"],
  ...["DNT", "Content-Type"],
];

const argument = object([
  required("name", text),
  required("type", text),
  optional("description", text),
]);

const fields = object([
  required("handler", text),
  required("output_type", text),
  optional("forward_client_headers", boolean, { omit: false }),
  optional("ignored_client_headers", list(text), { fallback: ignoredClientHeaders }),
  optional("headers", list(anything), { omit: [] }),
  optional("arguments", list(argument), { omit: [] }),
  optional("request_transform", anything),
  optional("response_transform", anything),
  optional("type", text, { fallback: "mutation" }),
  optional("kind", anything, { fallback: "synchronous" }),
  optional("timeout", number, { omit: 30 }),
]);

/** The kind is read for mutations only. */
const definition: Reader<JsonMap> = (value, path) => {
  const { kind, ...others } = fields(value, path);
  const { type } = others;
  if (type === "query") return others;
  if (type !== "mutation")
    throw parseFailed(`expected mutation or query, but found ${textAt(others, "type")}`, path);
  if (kind !== "synchronous" && kind !== "asynchronous")
    throw parseFailed(
      `parsing ActionMutationKind failed, expected one of the tags ["synchronous","asynchronous"], but found tag ${JSON.stringify(kind)}`,
      `${path}.kind`,
    );
  return { ...others, kind };
};

/** An entry of `actions`. */
export const readAction = object([
  required("name", text),
  required("definition", definition),
  optional("comment", text),
  optional("permissions", list(object([required("role", text), optional("comment", text)])), {
    omit: [],
  }),
]);

const typeField = object([
  required("name", text),
  required("type", text),
  optional("arguments", anything),
  optional("description", text),
]);

const relationship: Reader<JsonMap> = (value, path) =>
  object([
    required("field_mapping", anything),
    required("name", text),
    required("remote_table", postgresName),
    optional("source", text, { fallback: "default" }),
    required("type", text),
  ])(value, path);

const type = (...more: Parameters<typeof object>[0][number][]): Reader<readonly JsonMap[]> =>
  list(object([required("name", text), ...more, optional("description", text)]));

const lists = object([
  optional("input_objects", type(required("fields", list(typeField))), { omit: [] }),
  optional(
    "objects",
    type(
      required("fields", list(typeField)),
      optional("relationships", list(relationship), { omit: [] }),
    ),
    { omit: [] },
  ),
  optional("scalars", type(), { omit: [] }),
  optional("enums", type(required("values", list(anything))), { omit: [] }),
]);

/** `custom_types`. */
export const readCustomTypes: Reader<JsonMap> = (value, path) =>
  lists(isJsonMap(value) ? value : null, path);
