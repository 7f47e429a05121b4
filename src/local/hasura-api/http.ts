import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Json } from "../../metadata/document/json.ts";
import { isJson } from "../../protocol/json-object.ts";
import { parseJson } from "../../protocol/json.ts";
import { browserRequest, sameSecret } from "../request-guard.ts";
import type { ApiContext, Handler } from "./context.ts";
import { errorBody, HasuraError } from "./hasura-error.ts";
import { metadataRequest } from "./metadata-requests.ts";
import { readRequest } from "./read-request.ts";
import { legacyQueryRequest, queryRequest } from "./query-requests.ts";

export interface HttpOptions {
  readonly adminSecret: string;
  readonly hideInternals: boolean;
  readonly log: (line: string) => void;
}

/** In bytes; a request may contain a whole seed file. */
const maxBodyBytes = 256 << 20;

const posts: Readonly<Record<string, Handler>> = {
  "/v1/metadata": metadataRequest,
  "/v1/query": legacyQueryRequest,
  "/v2/query": queryRequest,
};

/** Creates the API's server, which is not listening yet. */
export function apiServer(context: ApiContext, options: HttpOptions): Server {
  return createServer((request, response) => {
    void answer(request, context, options).then(
      (reply) => {
        send(response, reply);
        if (reply.line !== undefined) options.log(reply.line); // after the response, so that logging does not delay it
      },
      (thrown: unknown) => send(response, failed(thrown, options)),
    );
  });
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Written to the log. */
  readonly line?: string;
}

async function answer(
  request: IncomingMessage,
  context: ApiContext,
  options: HttpOptions,
): Promise<Reply> {
  const refused = browserRequest(request.headers);
  if (refused !== undefined) throw new HasuraError(403, "access-denied", refused);
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  if (request.method === "GET") {
    if (path === "/v1/version")
      return { status: 200, body: { version: context.version, server_type: "ce" } };
    if (path === "/healthz" || path === "/hasura/healthz") return await health(context);
  }
  const handler = request.method === "POST" ? posts[path] : undefined;
  const isConfig = request.method === "GET" && path === "/v1alpha1/config";
  if (!handler && !isConfig) throw new HasuraError(404, "not-found", "resource does not exist");
  const body = await readBody(request); // read even when the secret is wrong: the client would get a connection reset instead of the 401
  authorize(request, options.adminSecret);
  requireAdmin(request);
  if (!handler) return { status: 200, body: serverConfig(context) };
  const parsed = readRequest(jsonOf(body));
  const startedAt = performance.now();
  const reply = await handler(parsed, context);
  return {
    status: 200,
    body: reply,
    line: `${path} ${parsed.type} ${(performance.now() - startedAt).toFixed(0)} ms`,
  };
}

async function health({ store, cache }: ApiContext): Promise<Reply> {
  try {
    const { inconsistencies } = (await cache.of(await store.read())).cache;
    return {
      status: 200,
      body: inconsistencies.length === 0 ? "OK" : "WARN: inconsistent objects in schema",
    };
  } catch {
    return { status: 500, body: "ERROR" };
  }
}

const serverConfig = ({ version }: ApiContext): object => ({
  version,
  is_function_permissions_inferred: true,
  is_remote_schema_permissions_enabled: false,
  is_admin_secret_set: true,
  is_auth_hook_set: false,
  is_jwt_set: false,
  jwt: [],
  is_allow_list_enabled: false,
  live_queries: { batch_size: 100, refetch_delay: 1 },
  streaming_queries: { batch_size: 100, refetch_delay: 1 },
  console_assets_dir: null,
  experimental_features: [],
  enabled_apis: ["metadata"],
});

/** Throws the server's own errors (docs/internals/hasura-protocol.md, "Errors"). */
function authorize(request: IncomingMessage, adminSecret: string): void {
  const given = request.headers["x-hasura-admin-secret"] ?? request.headers["x-hasura-access-key"];
  if (given === undefined)
    throw new HasuraError(
      401,
      "access-denied",
      '"x-hasura-admin-secret"/"x-hasura-access-key" required, but not found',
    );
  if (typeof given === "string" && sameSecret(given, adminSecret)) return;
  throw new HasuraError(
    401,
    "access-denied",
    'invalid "x-hasura-admin-secret"/"x-hasura-access-key"',
  );
}

/** A request with the secret may name a role: then it has that role's rights, and only an admin has any here. */
function requireAdmin({ headers }: IncomingMessage): void {
  const { "x-hasura-role": role = "admin" } = headers;
  if (role !== "admin")
    throw new HasuraError(400, "access-denied", "restricted access : admin only", {
      path: "$.args",
    });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes)
      throw new HasuraError(413, "bad-request", "request body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function jsonOf(body: string): Json {
  const json = parseJson(body);
  if (!isJson(json)) throw new HasuraError(400, "invalid-json", "invalid JSON");
  return json;
}

function failed(thrown: unknown, options: HttpOptions): Reply {
  const error =
    thrown instanceof HasuraError
      ? thrown
      : new HasuraError(
          500,
          "unexpected",
          thrown instanceof Error ? thrown.message : String(thrown),
        );
  options.log(`${error.status} ${error.code} ${error.path}: ${error.message}`);
  return { status: error.status, body: errorBody(error, options.hideInternals) };
}

function send(response: ServerResponse, { status, body }: Reply): void {
  if (response.destroyed) return;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type =
    typeof body === "string" ? "text/plain; charset=utf-8" : "application/json; charset=utf-8";
  response
    .writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) })
    .end(text);
}
