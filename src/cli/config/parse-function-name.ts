/** The parts of a function's name or ARN. */
export interface FunctionReference {
  /** The plain name. */
  readonly name: string;
  readonly region?: string;
  /** Twelve digits. */
  readonly account?: string;
  /** An alias or a version. */
  readonly qualifier?: string;
}

/** Parses `name`, `name:alias`, or an ARN with or without a qualifier; any other text counts as a name. */
export function functionReference(text: string): FunctionReference {
  const [, region, account, inArn, ofArn] =
    /^arn:[^:]+:lambda:([^:]*):([^:]*):function:([^:]+)(?::(.+))?$/.exec(text) ?? [];
  const [, plain = text, ofName] = /^([^:]+):([^:]+)$/.exec(text) ?? [];
  const qualifier = ofArn ?? ofName;
  return {
    name: inArn ?? plain,
    ...(region && { region }),
    ...(account && { account }),
    ...(qualifier && { qualifier }),
  };
}
