import * as z from "zod";
import { cleanText } from "../../clean-text.ts";

/**
 * A text percent-encoded, so that it can be part of an SQL comment and contains no space. Empty if it would be longer than `most`
 * characters: `pg_stat_activity` shows only the beginning of a statement.
 */
export function encodeLabelText(text: string, most: number): string {
  const escaped = encodeURIComponent(cleanText(text)).replaceAll(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return escaped.length <= most ? escaped : "";
}

/** Decodes such a text. */
export const LabelText = z.string().transform((encoded, context) => {
  try {
    return decodeURIComponent(encoded);
  } catch {
    context.addIssue("not percent-encoded");
    return z.NEVER;
  }
});
