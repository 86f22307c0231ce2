/** Markdown for hovers and completions. Text from files is escaped: it must not bring links, images or headings. */
import { age, plural } from '../../base/format.js';
import { display } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';

export { code, escapeMarkdown } from '../../base/markdown.js';

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
