import { passwordMask } from "../sql/mask-passwords.ts";
import { HasuraCallError, type DatabaseError } from "./client.ts";

/** The error of a request with this SQL, without the passwords that the SQL contains: a database repeats what it refuses. */
export function maskedError(error: unknown, sql: string): unknown {
  return error instanceof HasuraCallError ? withTexts(error, passwordMask(sql)) : error;
}

/** The same error with each of its texts as `mask` returns it. */
export function withTexts(error: HasuraCallError, mask: (text: string) => string): HasuraCallError {
  const { outcome, status, code, path, database, cause, stack } = error;
  const masked = new HasuraCallError(outcome, mask(error.message), {
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    ...(path !== undefined && { path }),
    ...(database && { database: maskedParts(database, mask) }),
    ...(cause !== undefined && { cause }),
  });
  if (stack !== undefined) masked.stack = stack;
  return masked;
}

function maskedParts(database: DatabaseError, mask: (text: string) => string): DatabaseError {
  const { message, detail, hint, statement } = database;
  return {
    ...database,
    ...(message !== undefined && { message: mask(message) }),
    ...(detail !== undefined && { detail: mask(detail) }),
    ...(hint !== undefined && { hint: mask(hint) }),
    ...(statement !== undefined && { statement: mask(statement) }),
  };
}
