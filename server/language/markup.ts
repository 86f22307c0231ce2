/** Our own Markdown, and the same as plain text for clients that show nothing else. */
import { MarkupKind } from 'vscode-languageserver/node';
import type { MarkupContent } from 'vscode-languageserver/node';

/** @param markdown as `server/ide` writes it: texts of files are escaped in it */
export function markupOf(markdown: string, kind: MarkupKind): MarkupContent {
  return { kind, value: kind === MarkupKind.Markdown ? markdown : plainMarkup(markdown) };
}

/** Of a longer line the marks stay: looking for pairs of them takes the square of its length. */
const LONGEST = 1_000;

/** Escapes, code spans, links and emphasis: what is left of each is its text. */
const INLINE =
  /\\([!-/:-@[-`{-~])|(`+)([^`]|[^`].*?[^`])\2(?!`)|!?\[((?:\\.|[^\]\\])*)\]\((?:\\.|[^()\\])*\)|(\*\*|__)(?=\S)(.+?)\5|(?<![\w*])([*_])(?=\S)((?:\\.|[^\\])*?\S)\7(?![\w*])/g;

function inline(text: string): string {
  if (text.length > LONGEST) return text;
  return text.replace(
    INLINE,
    (
      _whole,
      escaped: string | undefined,
      _fence,
      code: string | undefined,
      label: string | undefined,
      _strong,
      strong: string | undefined,
      _mark,
      emphasis: string | undefined,
    ) => escaped ?? code?.trim() ?? inline(label ?? strong ?? emphasis ?? ''),
  );
}

/** The text that is left of Markdown. */
export function plainMarkup(markdown: string): string {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split('\n')) {
    const [mark] = /^(`{3,}|~{3,})/.exec(line.trimStart()) ?? [];
    if (fence !== undefined) {
      if (mark !== undefined && mark.startsWith(fence) && line.trim() === mark) fence = undefined;
      else lines.push(line);
    } else if (mark !== undefined) fence = mark;
    else if (/^\s*(?:\|[\s:|-]+\||-{3,}|\*{3,})\s*$/.test(line)) continue;
    else if (/^\s*\|.*\|\s*$/.test(line)) {
      lines.push(cells(line).map(inline).join('  '));
    } else lines.push(inline(line.replace(/^#{1,6} /, '')).trimEnd());
  }
  return lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function cells(row: string): string[] {
  return row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
