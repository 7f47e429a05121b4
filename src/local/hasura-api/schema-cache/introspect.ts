import * as z from "zod";
import type { JsonMap } from "../../../metadata/document/json.ts";
import { parseJson } from "../../../protocol/json.ts";
import { mapAt } from "../metadata-document.ts";
import {
  environmentValue,
  headerValues,
  renderTemplate,
  type Environment,
} from "./environment-values.ts";
import { NotBuilt } from "./inconsistency.ts";
import type { RemoteSchemaState } from "./remote-schemas.ts";

const query = "query { __schema { queryType { name } } }";
const Introspection = z.looseObject({ data: z.looseObject({ __schema: z.looseObject({}) }) });
const defaultTimeoutSeconds = 60;

/** Asks a remote schema for its types, as the server does before it uses one. */
export async function introspect(entry: JsonMap, env: Environment): Promise<RemoteSchemaState> {
  const definition = mapAt(entry, "definition");
  try {
    const url = addressOf(definition, env);
    await ask(url, headerValues(definition, env), definition);
    return { answers: true };
  } catch (thrown) {
    if (!(thrown instanceof NotBuilt)) throw thrown;
    const { message: reason, detail } = thrown;
    return { answers: false, reason, ...(detail !== undefined && { detail }) };
  }
}

function addressOf({ url, url_from_env: variable }: JsonMap, env: Environment): URL {
  if (typeof url === "string" && typeof variable === "string")
    throw new NotBuilt("both `url` and `url_from_env` can't be present");
  if (typeof variable === "string")
    return parsed(
      environmentValue(variable, env),
      `not a valid URI in environment variable: ${variable}`,
    );
  if (typeof url !== "string") throw new NotBuilt("both `url` and `url_from_env` can't be empty");
  return parsed(renderTemplate(url, env), `not a valid URI generated from the template: ${url}`);
}

function parsed(url: string, message: string): URL {
  if (!URL.canParse(url)) throw new NotBuilt(message);
  return new URL(url);
}

async function ask(url: URL, headers: [string, string][], definition: JsonMap): Promise<void> {
  const { timeout_seconds: seconds } = definition;
  const timeout = typeof seconds === "number" ? seconds : defaultTimeoutSeconds;
  const { status, text } = await post(url, headers, timeout);
  if (status !== 200)
    throw new NotBuilt("introspection of the remote schema failed", { status, body: text });
  if (!Introspection.safeParse(parseJson(text)).success)
    throw new NotBuilt("introspection of the remote schema failed", { status });
}

async function post(
  url: URL,
  headers: [string, string][],
  timeoutSeconds: number,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: [["content-type", "application/json"], ...headers],
      body: JSON.stringify({ query }),
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    return { status: response.status, text: await response.text() };
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new NotBuilt(
      `HTTP exception occurred while sending the request to ${JSON.stringify(url.href)}`,
      {
        type: "http_exception",
        message: cause instanceof Error ? cause.message : String(cause),
      },
    );
  }
}
