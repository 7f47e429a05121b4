import { Writable } from "node:stream";
import { handle } from "./handler.ts";
import type { LambdaContext } from "./lambda-context.ts";
import { processContext, processGuard } from "./process-context.ts";

type StreamingHandler = (event: unknown, out: Writable, context: LambdaContext) => Promise<void>;
type BufferedHandler = (event: unknown, context: LambdaContext) => Promise<string>;

declare global {
  /** Set by Lambda's Node runtimes before they load the handler's module; absent elsewhere. */
  var awslambda: { streamifyResponse(handler: StreamingHandler): StreamingHandler } | undefined;
}

const guard = processGuard();
const handlerContext = processContext(guard);

const streaming: StreamingHandler = (event, out, context) =>
  guard.stream(async () => {
    await handle({ event, out, context }, handlerContext);
  });

/** Without a streaming runtime: all events at once, as one text. */
const buffered: BufferedHandler = (event, context) =>
  guard.respond(async () => {
    const lines: string[] = [];
    const out = new Writable({
      decodeStrings: false,
      write(line: string, _encoding, done) {
        lines.push(line);
        done();
      },
    });
    await handle({ event, out, context }, handlerContext);
    return lines.join("");
  });

/** The function's entry, `index.runMigrations`: a request of src/protocol/request.ts in, NDJSON events out. */
export const runMigrations = globalThis.awslambda
  ? globalThis.awslambda.streamifyResponse(streaming)
  : buffered;
