import type { Sink } from "../../context.ts";

/** Lines at the end of the terminal that are drawn again and again. */
export interface Region {
  draw(lines: readonly string[]): void;
  /** Takes the lines away, so that what is written next stands where they stood. */
  clear(): void;
}

/** No line may be wider than the terminal: a wrapped one would be counted as one and leave its rest behind. */
export function liveRegion(sink: Sink): Region {
  let shown = "";
  let height = 0;
  const clear = (): void => {
    if (height > 0) sink.write(`\u001b[${height}A\r\u001b[0J`);
    shown = "";
    height = 0;
  };
  return {
    clear,
    draw: (lines) => {
      const text = lines.map((line) => `${line}\n`).join("");
      if (text === shown) return;
      clear();
      sink.write(text);
      shown = text;
      height = lines.length;
    },
  };
}
