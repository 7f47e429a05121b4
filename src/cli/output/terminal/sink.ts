import type { Sink } from "../../context.ts";
import { breakWorkflowCommands, workflowCommandLine } from "../workflow-command.ts";
import { plainText, styled, type Styled } from "./styled.ts";

/** Writes lines that are safe already. */
export function writeLines(sink: Sink, lines: readonly Styled[]): void {
  for (const line of lines) sink.writeStyled(styled`${line}\n`);
}

/** Where text goes, as a sink uses it; the size may change. */
export interface TextStream {
  write(text: string): void;
  drained(): Promise<void> | undefined;
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
}

/**
 * The sink of a stream: everything is escaped here, at the last step, unless its type marks it as safe. With `workflow` the
 * stream is the log of a GitHub Actions job, where no text may become a command.
 */
export function sinkOf(stream: TextStream, { workflow }: { readonly workflow: boolean }): Sink {
  const write = (text: string): void => stream.write(workflow ? breakWorkflowCommands(text) : text);
  return {
    write: (text) => write(plainText(text)),
    writeStyled: write,
    writeCommand: (command) => stream.write(`${workflowCommandLine(command)}\n`),
    drained: () => stream.drained(),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}
