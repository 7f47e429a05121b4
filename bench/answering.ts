import { createServer, type Server } from "node:http";
import { beginStream, frame } from "../test/support/lambda-stand-in.ts";
import { finished, linesInAnswerTo, started, status } from "../test/support/run-events.ts";

/** A stand-in for AWS Lambda, whose every function answers `status` with this many migrations, two in a run. */
export async function answering(count: number): Promise<Server> {
  const first = Date.UTC(2024, 0, 1);
  const rows = Array.from({ length: count }, (_, i) => {
    const run = i - (i % 2);
    const at = first + run * 80_000_000 + (i % 2) * 1500 + ((run * 7919) % 40_000);
    const digits = (first + run * 80_000_000).toString(16).padStart(12, "0");
    return {
      version: String(1_700_000_000_000 + i * 80_000_000),
      name: `create_item_${String(i)}`,
      ...(i === count - 1
        ? { state: "pending" }
        : {
            ...{ state: "applied", appliedAt: new Date(at).toISOString() },
            appliedBy: `developer-${String((run / 2) % 20)}`,
            runId: `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${String(run).padStart(12, "0")}`,
          }),
      hasDown: true,
    };
  });
  const events = [started(), status(rows), finished(0)];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      beginStream(response);
      // Frames of a size that Lambda sends.
      const lines = linesInAnswerTo(body, events);
      for (let at = 0; at < lines.length; at += 32_768)
        response.write(frame("PayloadChunk", lines.slice(at, at + 32_768)));
      response.end(frame("InvokeComplete", "{}"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
