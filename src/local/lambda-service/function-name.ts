import { ServiceError } from "./service-error.ts";

/** The function of a request. `qualifier` is a version or an alias; absent: unqualified, `$LATEST`. */
export interface FunctionReference {
  readonly name: string;
  readonly region: string;
  readonly account: string;
  readonly qualifier?: string;
}

/** The account of every local function; no real account has this number. */
export const localAccount = "000000000000";

const name = /^[\p{L}\p{N}_-]{1,140}$/u;
const qualifier = /^(\$LATEST|[\w-]{1,128})$/;
const fullArn = /^arn:[\w-]+:lambda:([\w-]+):(\d{12}):function:([^:]+)(?::([^:]+))?$/;
const partialArn = /^(\d{12}):(?:function:)?([^:]+)(?::([^:]+))?$/;
const plain = /^(?:function:)?([^:]+)(?::([^:]+))?$/;

/**
 * Reads the `FunctionName` of a request: a name, `name:qualifier`, a partial ARN (`123456789012:function:name`) or an ARN.
 * @param queryQualifier the `Qualifier` query parameter; must match a qualifier in the name, if both are present
 * @throws ServiceError InvalidParameterValueException
 */
export function parseFunctionName(
  text: string,
  queryQualifier: string | undefined,
  region: string,
): FunctionReference {
  const found = parse(text, region);
  if (found === undefined || !name.test(found.name))
    throw invalid(`'${text}' is not a function's name or ARN`);
  if (queryQualifier && found.qualifier && queryQualifier !== found.qualifier) {
    throw invalid(
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  }
  const chosen = queryQualifier ?? found.qualifier;
  if (chosen !== undefined && !qualifier.test(chosen))
    throw invalid(`'${chosen}' is not a version or an alias`);
  return {
    name: found.name,
    region: found.region,
    account: found.account,
    ...(chosen && { qualifier: chosen }),
  };
}

/** The ARN in `invokedFunctionArn`: with a qualifier only when the caller gave one. */
export function arnOf(reference: FunctionReference): string {
  const { region, account, qualifier: suffix } = reference;
  return `arn:aws:lambda:${region}:${account}:function:${reference.name}${suffix ? `:${suffix}` : ""}`;
}

function parse(
  text: string,
  region: string,
): { name: string; region: string; account: string; qualifier?: string } | undefined {
  const arn = fullArn.exec(text);
  if (arn) return reference(arn[3], arn[4], arn[1] ?? region, localAccount);
  const partial = partialArn.exec(text);
  if (partial) return reference(partial[2], partial[3], region, localAccount);
  const bare = plain.exec(text);
  return bare ? reference(bare[1], bare[2], region, localAccount) : undefined;
}

function reference(functionName = "", suffix: string | undefined, region: string, account: string) {
  return { name: functionName, region, account, ...(suffix && { qualifier: suffix }) };
}

function invalid(message: string): ServiceError {
  return new ServiceError("InvalidParameterValueException", message);
}
