import { Writable } from "node:stream";
import ora, { spinners, type Ora } from "ora";
import type { Sink } from "../../context.ts";
import type { Style } from "./colors.ts";
import { rowsOf } from "./live-region.ts";
import { asStyled } from "./styled.ts";
import { truncate } from "./width.ts";

export const spinnerFrames: readonly string[] = spinners.dots.frames;

/** One line for one thing to wait for. ora hides the cursor, and shows it again when it stops or the process ends. */
export interface Spinner {
  /** Starts, or changes the text. */
  show(text: string): void;
  stop(): void;
}

export function terminalSpinner(sink: Sink, style: Style): Spinner {
  let spinner: Ora | undefined;
  return {
    show: (text) => {
      const line = truncate(text, sink.columns - 3);
      if (spinner) {
        spinner.text = line;
        return;
      }
      spinner = ora({
        text: line,
        stream: new SinkStream(sink),
        // The renderer has already determined from its streams that there is a terminal.
        isEnabled: true,
        color: false,
        spinner: { ...spinners.dots, frames: spinnerFrames.map((frame) => style.cyan(frame)) },
        // Ctrl-C must remain a signal.
        discardStdin: false,
      }).start();
    },
    stop: () => {
      spinner?.stop();
      spinner = undefined;
    },
  };
}

/**
 * A sink as the terminal stream that ora draws on. It erases every row the last frame takes, also if the terminal became
 * narrower.
 */
class SinkStream extends Writable {
  readonly #sink: Sink;
  readonly isTTY = true;
  #frame = "";

  constructor(sink: Sink) {
    super({ decodeStrings: false });
    this.#sink = sink;
  }

  get columns(): number {
    return this.#sink.columns;
  }

  get rows(): number {
    return this.#sink.rows;
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    if (chunk.trim() !== "" && !chunk.startsWith("\u001b[?")) this.#frame = chunk;
    // ora's own sequences around a text that was escaped above.
    this.#sink.writeStyled(asStyled(chunk));
    done();
  }

  /** ora calls these three to erase its lines, which it counts by the width they were drawn at. */
  cursorTo(): void {
    const above = this.#frame === "" ? 0 : rowsOf(this.#frame, this.columns) - 1;
    this.#sink.writeStyled(asStyled(`\r${"\u001b[2K\u001b[1A".repeat(above)}`));
  }

  clearLine(): void {
    this.#frame = "";
    this.#sink.writeStyled(asStyled("\u001b[2K"));
  }

  moveCursor(): void {
    // cursorTo has already moved the cursor.
  }
}
