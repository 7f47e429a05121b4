import { tmpdir } from "node:os";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { readProject } from "../../../src/engine/project/project.ts";
import { execute } from "../../../src/engine/execute.ts";
import { adminSecret } from "../../../src/lambda/secrets/admin-secret.ts";
import { handle, type HandlerContext } from "../../../src/lambda/handler.ts";
import type { LambdaContext } from "../../../src/lambda/invocation.ts";
import { redactor } from "../../../src/lambda/secrets/redact.ts";
import { readSettings } from "../../../src/lambda/settings.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { decodeLine, type UnknownEvent } from "../../../src/protocol/ndjson.ts";

export const context: LambdaContext = {
  awsRequestId: "request-1",
  invokedFunctionArn: "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3",
  functionName: "hasura-migrate-dev-3",
  functionVersion: "$LATEST",
  getRemainingTimeInMillis: () => 900_000,
};

/** A handler's world from variables: real settings, secrets, engine and files; a heartbeat that never beats. */
export function worldFrom(
  env: Record<string, string>,
  more: Partial<HandlerContext> = {},
): HandlerContext & { readonly logged: string[] } {
  const settings = settingsFrom(env);
  const redact = redactor();
  const setting = settings instanceof Failure ? ({ from: "none" } as const) : settings.adminSecret;
  if (setting.from === "environment") redact.learn(setting.value);
  const logged: string[] = [];
  return {
    settings,
    adminSecret: adminSecret({ setting, learn: redact.learn }),
    redact,
    readProject: ({ directory = "no directory given" }) => readProject(directory),
    execute,
    hasuraCli: { directories: [], environment: {}, temporaryDirectory: tmpdir() },
    now: Date.now,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal && { signal });
    },
    every: () => () => undefined,
    soon: (run) => run(),
    random: () => 0,
    writeLog: (line) => logged.push(line),
    ...more,
    logged,
  };
}

/** Invokes and answers what came out, as text and as events. */
export async function invoke(
  world: HandlerContext,
  event: unknown,
  given: LambdaContext = context,
): Promise<{ text: string; events: (RunEvent | UnknownEvent)[] }> {
  let text = "";
  const out = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      text += line;
      done();
    },
  });
  await handle({ event, out, context: given }, world);
  if (!out.writableFinished) throw new Error("the output was not ended");
  return { text, events: text.split("\n").filter(Boolean).map(decodeLine) };
}

function settingsFrom(env: Record<string, string>) {
  try {
    return readSettings(env);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
}
