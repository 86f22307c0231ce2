/** Text of others in Markdown: it must not bring links, images, headings or mentions. */
import { oneLine } from './trim.js';

/** Text as it is, whatever characters it holds. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, '\\$&');
}

/** Text in a code span, whatever backticks it holds. */
export function code(text: string): string {
  const line = oneLine(text, ' ⏎ ');
  const fence = '`'.repeat(longestTicks(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Lines as a block of code, whatever they hold. */
export function codeBlock(lines: readonly string[]): string[] {
  const fence = '`'.repeat(Math.max(3, longestTicks(lines.join('\n')) + 1));
  return [fence, ...lines, fence];
}

function longestTicks(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
