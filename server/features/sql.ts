/** Putting names and values into SQL, and taking them out of its answers. */
import type { Plain } from './engine/messages.js';

/** A name as SQL takes it, whatever characters it has. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL takes it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function list(parts: readonly string[]): string {
  return parts.join(', ');
}

/** A value of a row that is text, or is wanted as text. */
export function textOf(value: Plain | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** A list of texts as SQL takes it. */
export function literals(texts: readonly string[]): string {
  return `[${list(texts.map(literal))}]`;
}
