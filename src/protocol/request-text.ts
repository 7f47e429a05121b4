import * as z from "zod";
import { cleanText } from "../clean-text.ts";

/**
 * A text in a request: at most `most` UTF-16 units, without NUL characters, which a database cannot hold. Lone surrogates are
 * replaced, because they are not worth stopping a run for.
 */
export function requestText(most: number) {
  return z
    .string()
    .max(most)
    .refine((text) => !text.includes("\0"), "must not contain a NUL character")
    .overwrite((text) => cleanText(text));
}
