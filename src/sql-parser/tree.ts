/** A node of a parse tree, or another object in it, before its kind is known. */
export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The texts in a list of `{ String: { sval } }`, such as the parts of a qualified name; other items are left out. */
export function textsIn(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown) => {
    const text = isTree(each) && isTree(each["String"]) ? each["String"]["sval"] : undefined;
    return typeof text === "string" ? [text] : [];
  });
}
