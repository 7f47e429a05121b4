import { tmpdir } from "node:os";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { readProject } from "../../../src/engine/project/project.ts";
import { execute } from "../../../src/engine/execute.ts";
import { adminSecretStores, webhookStores } from "../../../src/lambda/secrets/secret-store.ts";
import { storedSecret } from "../../../src/lambda/secrets/stored-secret.ts";
import { putEventWith } from "../../../src/lambda/run-end/event-bridge.ts";
import { handle, type HandlerContext } from "../../../src/lambda/handler.ts";
import type { LambdaContext } from "../../../src/lambda/lambda-context.ts";
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
  const none = { from: "none" } as const;
  const isValid = !(settings instanceof Failure);
  const setting = isValid ? settings.adminSecret : none;
  const webhook = isValid ? settings.notifications.webhook : none;
  if (setting.from === "environment") redact.learn(setting.value);
  const logged: string[] = [];
  const sleep: HandlerContext["sleep"] = async (ms, signal) => {
    await delay(ms, undefined, signal && { signal });
  };
  return {
    settings,
    adminSecret: storedSecret({ setting, stores: adminSecretStores, learn: redact.learn }),
    redact,
    readProject: ({ directory = "no directory given" }) => readProject(directory),
    execute,
    hasuraCli: { directories: [], environment: {}, temporaryDirectory: tmpdir() },
    now: Date.now,
    sleep,
    every: () => () => undefined,
    soon: (run) => run(),
    random: () => 0,
    writeLog: (line) => logged.push(line),
    channels: {
      webhookAddress: storedSecret({
        setting: webhook,
        stores: webhookStores,
        learn: redact.learn,
      }),
      putEvent: putEventWith({}),
      sleep,
    },
    pausedRun: { current: undefined },
    ...more,
    logged,
  };
}

/** Invokes and answers what came out, as text and as events. `onEnd` runs when the caller has all of it. */
export async function invoke(
  world: HandlerContext,
  event: unknown,
  given: LambdaContext = context,
  onEnd: () => void = () => undefined,
): Promise<{ text: string; events: (RunEvent | UnknownEvent)[] }> {
  let text = "";
  const out = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      text += line;
      done();
    },
  });
  out.once("finish", onEnd);
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
