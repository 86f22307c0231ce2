/**
 * Findings as a Code Quality report, as GitLab shows them in a merge request: the part of the Code Climate format that it
 * reads (GitLab docs, "Code Quality: Code Quality report format").
 */
import { createHash } from 'node:crypto';
import { lineAt } from '../syntax/text.js';
import type { Finding, FindingSeverity } from './rule.js';
import type { SarifOptions } from './sarif.js';

export interface CodeQualityIssue {
  readonly description: string;
  readonly check_name: string;
  /** The same for the same finding while lines above it change, so that it isn't told as new. */
  readonly fingerprint: string;
  readonly severity: 'critical' | 'major' | 'minor' | 'info';
  /** From the root of the repository; lines count from 1. */
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

const SEVERITIES: Readonly<Record<FindingSeverity, CodeQualityIssue['severity']>> = {
  error: 'critical',
  warning: 'major',
  info: 'minor',
  hint: 'info',
};

export function toCodeQuality(
  findings: readonly Finding[],
  { lineStarts, place }: Pick<SarifOptions, 'lineStarts' | 'place'>,
): CodeQualityIssue[] {
  const met = new Map<string, number>();
  return findings.map(({ rule, severity, message, path, span }) => {
    const what = `${rule}\0${path}\0${message}`;
    const before = met.get(what) ?? 0;
    met.set(what, before + 1);
    return {
      description: message,
      check_name: rule,
      fingerprint: createHash('sha256').update(`${what}\0${before}`).digest('hex'),
      severity: SEVERITIES[severity],
      location: {
        path: `${place?.repository?.prefix ?? ''}${path}`,
        lines: { begin: lineAt(lineStarts(path), span.start) + 1 },
      },
    };
  });
}
