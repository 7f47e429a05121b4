import { escapeControls } from "../../terminal/escape-controls.ts";

/** Foreign text as the page shows it: nothing in it is obeyed by the browser, or by the reader's eye. */
export function html(text: string): string {
  return escapeControls(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
