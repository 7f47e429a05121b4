/** True when a function's name or ARN has an alias or version at its end. */
export function hasQualifier(name: string): boolean {
  return /^arn:[^:]+:lambda:[^:]*:[^:]*:function:[^:]+:|^(?!arn:)[^:]+:[^:]+$/.test(name);
}
