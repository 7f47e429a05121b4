import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The property that `awslambda.streamifyResponse` sets on a handler; aws-lambda-ric uses the same one. */
export const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");

/** A handler; `[streaming]` is "response" for a streaming one. */
export type Handler = ((...args: unknown[]) => unknown) & { [streaming]?: string };

/** Why a handler cannot be loaded; `type` is the error type that a runtime reports. */
export class HandlerError extends Error {
  readonly type: string;

  constructor(type: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.type = type;
  }
}

/**
 * Loads `file.export` from the task root. The file is tried as it is, then with .js, .mjs and .cjs.
 * @throws HandlerError, or what the module threw while it was loaded
 */
export async function loadHandler(root: string, handler: string): Promise<Handler> {
  const [, module, name] = /^(.*?[^/]*?)\.([^./]+(?:\.[^./]+)*)$/.exec(handler) ?? [];
  if (module === undefined || name === undefined)
    throw new HandlerError("Runtime.MalformedHandlerName", "Bad handler");
  const file = ["", ".js", ".mjs", ".cjs"]
    .map((suffix) => resolve(root, module + suffix))
    .find((path) => existsSync(path) && statSync(path).isFile());
  if (file === undefined)
    throw new HandlerError("Runtime.ImportModuleError", `Error: Cannot find module '${module}'`);
  const loaded = await load(file);
  const found =
    name.split(".").reduce<unknown>(member, loaded) ??
    name.split(".").reduce<unknown>(member, member(loaded, "default"));
  if (typeof found !== "function")
    throw new HandlerError("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  return Object.assign((...args: unknown[]): unknown => Reflect.apply(found, undefined, args), {
    [streaming]: streamingMode(found),
  });
}

async function load(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (thrown) {
    if (thrown instanceof SyntaxError)
      throw new HandlerError(
        "Runtime.UserCodeSyntaxError",
        `SyntaxError: ${thrown.message}`,
        thrown,
      );
    throw thrown;
  }
}

function member(value: unknown, key: string): unknown {
  return (typeof value === "object" && value !== null) || typeof value === "function"
    ? Reflect.get(value, key)
    : undefined;
}

function streamingMode(handler: object): string {
  return Reflect.get(handler, streaming) === "response" ? "response" : "";
}
