/** Markdown for hovers and completions. Text from files is escaped: it must not bring links, images or headings. */
import { age, plural } from '../../base/format.js';
import { oneLine } from '../../base/trim.js';
import { display } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';

/** Text as it is, whatever characters it holds. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, '\\$&');
}

/** Text in a code span, whatever backticks it holds. */
export function code(text: string): string {
  const line = oneLine(text, ' ⏎ ');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A value on one line, cut where it is long. */
export function shortValue(value: Json, limit = 60): string {
  const text = display(value);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** A number as people read metrics: four digits that count. */
export function metricValue(value: Json): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(5)))
    : shortValue(value);
}

/** "3 minutes ago", for lenses and hovers. */
export function ago(at: string, now: number): string {
  const found = age(at, now);
  if (found === undefined) return at;
  return found.count === 0 ? 'just now' : `${plural(found.count, found.unit)} ago`;
}
