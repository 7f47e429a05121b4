import { ServiceError } from "./service-error.ts";

/** Which function a request means. `qualifier` is a version or an alias; absent: `$LATEST`, unqualified. */
export interface FunctionReference {
  readonly name: string;
  readonly region: string;
  readonly account: string;
  readonly qualifier?: string;
}

/** The account of everything here; no real account has this number. */
export const localAccount = "000000000000";

const name = /^[\p{L}\p{N}_-]{1,140}$/u;
const qualifier = /^(\$LATEST|[\w-]{1,128})$/;
const fullArn = /^arn:[\w-]+:lambda:([\w-]+):(\d{12}):function:([^:]+)(?::([^:]+))?$/;
const partialArn = /^(\d{12}):(?:function:)?([^:]+)(?::([^:]+))?$/;
const plain = /^(?:function:)?([^:]+)(?::([^:]+))?$/;

/**
 * Reads the `FunctionName` of a request: a name, `name:qualifier`, a partial ARN (`123456789012:function:name`) or an ARN.
 * @param queryQualifier the `Qualifier` query parameter; it must not contradict one inside the name
 * @throws ServiceError InvalidParameterValueException
 */
export function parseFunctionName(
  text: string,
  queryQualifier: string | undefined,
  region: string,
): FunctionReference {
  const found = parts(text, region);
  if (found === undefined || !name.test(found.name))
    throw invalid(`'${text}' is not a function's name or ARN`);
  if (queryQualifier && found.qualifier && queryQualifier !== found.qualifier) {
    throw invalid(
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  }
  const wanted = queryQualifier ?? found.qualifier;
  if (wanted !== undefined && !qualifier.test(wanted))
    throw invalid(`'${wanted}' is not a version or an alias`);
  return {
    name: found.name,
    region: found.region,
    account: found.account,
    ...(wanted && { qualifier: wanted }),
  };
}

/** The ARN a function sees as `invokedFunctionArn`: with the qualifier exactly when the caller named one. */
export function arnOf(reference: FunctionReference): string {
  const { region, account, qualifier: suffix } = reference;
  return `arn:aws:lambda:${region}:${account}:function:${reference.name}${suffix ? `:${suffix}` : ""}`;
}

function parts(
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
