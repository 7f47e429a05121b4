/**
 * Adds to what a schema has made of `received` the fields that the schema does not know, at every depth, so that they can be passed
 * on. Lists whose lengths differ are left as they are: the schema has chosen among their items.
 */
export function keepUnknownFields(parsed: unknown, received: unknown): void {
  if (Array.isArray(parsed) && Array.isArray(received)) {
    if (parsed.length !== received.length) return;
    for (const [i, item] of parsed.entries()) keepUnknownFields(item, received[i]);
    return;
  }
  if (!isObject(parsed) || !isObject(received)) return;
  for (const [name, value] of Object.entries(received)) {
    if (Object.hasOwn(parsed, name)) keepUnknownFields(parsed[name], value);
    // Defined, not assigned: a field may be called `__proto__`.
    else
      Object.defineProperty(parsed, name, {
        value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
