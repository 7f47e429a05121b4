/** Replaces control characters, so that a migration's name cannot move the cursor or forge a log line. */
export function escapeControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "�");
}

/** Splits text into lines and replaces the control characters in each; a tab becomes two spaces. */
export function escapeControlsByLine(text: string): string[] {
  return text.replace(/\t/g, "  ").split(/\r?\n/).map(escapeControls);
}
