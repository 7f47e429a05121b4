import { Composer, Parser, type Document, type ParsedNode, type YAMLParseError } from "yaml";
import { unreadable, type MetadataFailure } from "../problem.ts";
import type { SourceText } from "../document/source-text.ts";

/** A file of YAML, parsed. Only its first document counts, as for the Hasura CLI. */
export interface YamlFile {
  readonly source: SourceText;
  /** Null for a file without content. */
  readonly contents: ParsedNode | null;
}

/**
 * Parses a file. Scalars stay texts; `toJson` gives them their meaning.
 * @throws MetadataFailure for text that is not YAML
 */
export function parseYaml(source: SourceText): YamlFile {
  const document = firstDocument(source);
  const [error] = document?.errors ?? [];
  if (error) throw notYaml(error, source);
  return { source, contents: document?.contents ?? null };
}

function firstDocument({ text }: SourceText): Document.Parsed | undefined {
  const composer = new Composer({ schema: "failsafe", uniqueKeys: false, prettyErrors: false });
  for (const document of composer.compose(new Parser().parse(text))) return document;
  return undefined;
}

function notYaml(
  { code, message, pos }: Pick<YAMLParseError, "code" | "message" | "pos">,
  source: SourceText,
): MetadataFailure {
  const spot = { source, offset: pos[0] };
  return code === "RESOURCE_EXHAUSTION"
    ? unreadable(spot, "The values here are nested too deeply.")
    : unreadable(spot, `This is not valid YAML: ${message.replace(/\.$/, "")}.`);
}
