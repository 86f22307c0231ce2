/** Lines and columns, as people and problem matchers read them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { oneLine } from '../base/trim.js';
import type { Diagnostic } from './load/loaded.js';
import { type Output } from './output.js';

/** `path:line:column` of an offset in a definition; only the path where the place isn't known. The text is read when first asked. */
export function placeIn(
  root: string,
  relative: string,
): (span: { readonly start: number } | undefined) => string {
  let text: string | undefined;
  return (span) => {
    if (span === undefined) return relative;
    try {
      text ??= readFileSync(path.join(root, relative), 'utf8').replace(/^\uFEFF/, '');
    } catch {
      return relative;
    }
    return placeOf(text, relative, span.start);
  };
}

/** As `placeIn`, in a text that is given: files may have other lines by now. */
export function placeInText(
  text: string,
  relative: string,
): (span: { readonly start: number } | undefined) => string {
  return (span) => (span === undefined ? relative : placeOf(text, relative, span.start));
}

function placeOf(text: string, relative: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `${relative}:${line}:${offset - before.lastIndexOf('\n')}`;
}

/** The line that problem matchers read: `path:line:column: severity: message [rule]`. */
export function diagnosticLine(diagnostic: Diagnostic): string {
  const { path: file, line, column, severity, message, rule } = diagnostic;
  return `${file}:${line}:${column}: ${severity}: ${oneLine(message)} [${rule}]`;
}

export function printDiagnostics(output: Output, diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) output.line(diagnosticLine(diagnostic));
}
