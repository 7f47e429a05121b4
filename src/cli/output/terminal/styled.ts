import { escapeControls, escapeText } from "./escape-controls.ts";

declare const escaped: unique symbol;

/**
 * Text that is safe to write unchanged: text from outside is escaped, and the only escape sequences are this program's
 * own. Only the modules of this folder make one from a string.
 */
export type Styled = string & { readonly [escaped]: true };

/** One line of any text; line feeds are shown as `␊`. */
export function plain(text: string): Styled {
  return asStyled(escapeControls(text));
}

/** A line of text with its tabs, for SQL that is read and copied. */
export function plainWithTabs(text: string): Styled {
  return asStyled(text.split("\t").map(escapeControls).join("\t"));
}

/** Text of several lines. */
export function plainText(text: string): Styled {
  return asStyled(escapeText(text));
}

/** A template whose values are safe already: a string has to go through `plain` or a style first. */
export function styled(parts: TemplateStringsArray, ...values: (Styled | number)[]): Styled {
  return asStyled(String.raw({ raw: parts }, ...values));
}

/** For this folder only: text that contains escape sequences, or was made of safe text. */
export function asStyled(text: string): Styled {
  // The only place where a string becomes safe text.
  return text as Styled;
}
