import { constants, createReadStream, open, stat } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { decodeText } from "../../decode-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { runHint } from "../../protocol/hint.ts";
import { longestStatement } from "../../protocol/operations.ts";
import { errorCode } from "../../system-error.ts";
import { readPipe } from "../config/read-pipe.ts";
import type { CliContext } from "../context.ts";

/** A character has at most four bytes in UTF-8, and two or four in UTF-16. */
const mostBytes = 4 * longestStatement;

/**
 * The statement of `sql`, from the command line, a file or, with `-`, standard input. Throws `usage/sql-text` if it is missing, given
 * twice, or cannot be read. Standard input is read to its end, and a pipe until the user interrupts.
 */
export async function statementFrom(
  {
    statement,
    file,
  }: { readonly statement?: string | undefined; readonly file?: string | undefined },
  { cwd, input, interrupts }: Pick<CliContext, "cwd" | "input" | "interrupts">,
): Promise<string> {
  if (statement !== undefined && file !== undefined)
    throw textFailure("A statement and --file cannot be combined.");
  if (file === undefined)
    return checked(
      statement ?? "",
      "No statement given. Pass it in quotes, or with --file (- is standard input).",
    );
  const from = file === "-" ? "Standard input" : file;
  const chunks = file === "-" ? input() : chunksOf(resolve(cwd, file), interrupts.first);
  const { encoding, text } = decodeText(await read(chunks, from));
  if (text === undefined)
    throw textFailure(
      `${from} cannot be read: it is ${encoding === "unknown" ? "not UTF-8" : encoding}.`,
    );
  return checked(text.replace(/^\uFEFF/, ""), `${from} contains no statement.`);
}

/** A file may be a pipe: `--file <(command)`. */
async function* chunksOf(file: string, interrupted: AbortSignal): AsyncGenerator {
  if ((await promisify(stat)(file)).isFIFO()) {
    const fd = await promisify(open)(file, constants.O_RDONLY | constants.O_NONBLOCK);
    yield* readPipe(fd, interrupted);
  } else yield* createReadStream(file);
}

async function read(chunks: AsyncIterable<unknown>, from: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      const part = chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.from(String(chunk));
      bytes += part.length;
      if (bytes > mostBytes) throw tooLong(from);
      parts.push(part);
    }
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw textFailure(`${from} cannot be read (${errorCode(thrown) ?? "no code"}).`, thrown);
  }
  return Buffer.concat(parts);
}

function checked(text: string, otherwise: string): string {
  if (text.trim() === "") throw textFailure(otherwise);
  if (text.length > longestStatement) throw tooLong("The statement");
  if (text.includes("\0")) throw textFailure("The statement contains a NUL character.");
  return text;
}

function tooLong(what: string): Failure {
  return textFailure(
    `${what} is too long: a statement may have at most ${String(longestStatement)} characters.`,
  );
}

function textFailure(message: string, cause?: unknown): Failure {
  return new Failure("usage", "sql-text", message, {
    hints: [runHint(["sql", "--help"])],
    ...(cause !== undefined && { cause }),
  });
}
