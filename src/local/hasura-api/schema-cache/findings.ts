import {
  inconsistentObject,
  MissingName,
  NotBuilt,
  withMessage,
  type Inconsistency,
} from "./inconsistency.ts";
import type { MetadataObject } from "./metadata-object.ts";
import { labelOf, type SchemaObject } from "./schema-object.ts";

/** An object of the schema with its label, which is its identity. */
export interface Target {
  readonly object: SchemaObject;
  readonly label: string;
}

export const targetOf = (object: SchemaObject): Target => ({ object, label: labelOf(object) });

/** One object needs another one. */
export interface Dependency {
  /** What becomes inconsistent without it. */
  readonly metadata: MetadataObject;
  readonly dependent: Target;
  readonly on: Target;
  /** True if the type of a column matters, not only its existence. */
  readonly onType?: true;
}

/** What is collected while the schema is built from the metadata. */
export class Findings {
  readonly inconsistencies: Inconsistency[] = [];
  readonly dependencies: Dependency[] = [];
  /** The objects that exist, by label. */
  readonly existing = new Map<string, SchemaObject>();

  add(...found: readonly Inconsistency[]): void {
    this.inconsistencies.push(...found);
  }

  exists({ object, label }: Target): void {
    this.existing.set(label, object);
  }

  depends(
    metadata: MetadataObject,
    dependent: Target,
    on: Iterable<Target>,
    onType: ReadonlySet<string> = new Set(),
  ): void {
    for (const target of on)
      this.dependencies.push({
        ...{ metadata, dependent, on: target },
        ...(onType.has(target.label) && { onType: true }),
      });
  }

  /**
   * The result of `build`, or undefined if it throws NotBuilt: then the object is inconsistent.
   * @param context what the server puts before the reason
   */
  attempt<Result>(
    object: MetadataObject,
    context: string,
    build: () => Result,
  ): Result | undefined {
    try {
      return build();
    } catch (thrown) {
      if (!(thrown instanceof NotBuilt)) throw thrown;
      const isMissingName = thrown instanceof MissingName;
      this.add(
        inconsistentObject(object, `${context}${thrown.message}`, {
          ...withMessage(thrown),
          isMissingName,
        }),
      );
      return undefined;
    }
  }
}
