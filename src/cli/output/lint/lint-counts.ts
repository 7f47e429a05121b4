import type { Finding } from "../../../lint/finding.ts";
import { plural } from "../format.ts";

export interface LintCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
}

export function countsOf(findings: readonly Finding[]): LintCounts {
  const count = (severity: Finding["severity"]): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return { errors: count("error"), warnings: count("warning"), infos: count("info") };
}

/** `2 errors, 1 warning`; `no findings` */
export function countsText({ errors, warnings, infos }: LintCounts): string {
  const parts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
    ...(infos > 0 ? [plural(infos, "note")] : []),
  ];
  return parts.length === 0 ? "no findings" : parts.join(", ");
}
