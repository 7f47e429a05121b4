import { StringDecoder } from "node:string_decoder";
import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";

const Warning = z.looseObject({ level: z.literal("warning") });

/** Reads the output of one process piece by piece, and passes on the lines that its log calls warnings. */
export function warningLines(report: (line: string) => void): (bytes: Buffer) => void {
  const decoder = new StringDecoder("utf8");
  let begun = "";
  return (bytes) => {
    const lines = (begun + decoder.write(bytes)).split("\n");
    begun = lines.pop() ?? "";
    for (const line of lines) if (isWarning(line)) report(line);
  };
}

function isWarning(line: string): boolean {
  return Warning.safeParse(parseJson(line)).success;
}
