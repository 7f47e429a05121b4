import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";
import {
  InvokeCommand,
  type InvokeCommandInput,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  TooManyRequestsException,
} from "@aws-sdk/client-lambda";
import * as z from "zod";
import {
  type LambdaService,
  type LambdaServiceOptions,
  startLambdaService,
} from "../../src/local/lambda-service/index.ts";
import { bundled } from "./bundle.ts";

/** The fixtures: a file for each function. */
export const functions = fileURLToPath(
  new URL("../local/lambda-service/functions", import.meta.url),
);

/** The client of the Runtime API from the sources as they are; resolves to its file. */
export const runtimeClient = (): Promise<string> =>
  bundled(new URL("../../src/local/runtime-client/main.ts", import.meta.url));

/** A service that runs one of the fixtures, and the unmodified SDK pointed at it. Both end with the test. */
export async function serviceFor(
  t: TestContext,
  file: string,
  options: Partial<LambdaServiceOptions> = {},
): Promise<LambdaService & { client: LambdaClient }> {
  const runtime = options.runtime ?? (await runtimeClient());
  const service = await startLambdaService({
    functionDirectory: functions,
    handler: `${file}.handler`,
    env: {},
    timeoutMs: 20_000,
    ...options,
    runtime,
  });
  const client = new LambdaClient({
    endpoint: service.url,
    region: "eu-west-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
  t.onTestFinished(async () => {
    client.destroy();
    await service.stop();
  });
  return { ...service, client };
}

export interface Answered {
  readonly error: string | undefined;
  readonly text: string;
  readonly log: string;
}

export async function invoke(
  client: LambdaClient,
  event: object,
  more: Partial<InvokeCommandInput> = {},
): Promise<Answered> {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: "x", Payload: JSON.stringify(event), ...more }),
  );
  return {
    error: answer.FunctionError,
    text: Buffer.from(answer.Payload ?? []).toString("utf8"),
    log: Buffer.from(answer.LogResult ?? "", "base64").toString("utf8"),
  };
}

const Answer = z.object({
  calls: z.number().default(0),
  pid: z.number().default(0),
  left: z.number().default(0),
  arn: z.string().default(""),
  event: z.unknown().optional(),
  client: z.unknown().optional(),
  errorType: z.string().default(""),
  errorMessage: z.string().default(""),
});

/** Parses the answer of a fixture, or the error in its place. */
export function parseAnswer(text: string): z.infer<typeof Answer> {
  return Answer.parse(JSON.parse(text));
}

export interface Streamed {
  readonly chunks: string[];
  readonly complete:
    | {
        ErrorCode?: string | undefined;
        ErrorDetails?: string | undefined;
        LogResult?: string | undefined;
      }
    | undefined;
}

/** Reads a stream to its end; `onChunk` is told of each piece when it comes. */
export async function stream(
  client: LambdaClient,
  event: object,
  onChunk: (text: string) => void = () => undefined,
): Promise<Streamed> {
  const answer = await client.send(
    new InvokeWithResponseStreamCommand({ FunctionName: "x", Payload: JSON.stringify(event) }),
  );
  const chunks: string[] = [];
  let complete: Streamed["complete"];
  for await (const part of answer.EventStream ?? []) {
    if (part.PayloadChunk?.Payload) {
      chunks.push(Buffer.from(part.PayloadChunk.Payload).toString("utf8"));
      onChunk(chunks.at(-1) ?? "");
    }
    if (part.InvokeComplete) complete = part.InvokeComplete;
  }
  return { chunks, complete };
}

/** An address that answers when the test says so: what a fixture fetches to be held. `reached` resolves at the first request. */
export async function gate(
  t: TestContext,
): Promise<{ url: string; reached: Promise<void>; open: () => void }> {
  let open: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const server = createServer((_request, response) => {
    arrive();
    void opened.then(() => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(async () => {
    open();
    server.close();
    server.closeAllConnections();
  });
  // `listen` has called back: a TCP server has such an address
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, reached, open };
}

/** Calls until the only process is free, and returns its answer. */
export async function answerWhenFree(
  client: LambdaClient,
): Promise<ReturnType<typeof parseAnswer>> {
  for (;;) {
    try {
      return parseAnswer((await invoke(client, {})).text);
    } catch (thrown) {
      if (!(thrown instanceof TooManyRequestsException)) throw thrown;
    }
  }
}
