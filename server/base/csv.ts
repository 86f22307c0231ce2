/** Lines of CSV by RFC 4180. */
import { type Json, display } from './json.js';

/** A line without its end; nothing and `null` are empty cells. */
export function csvLine(row: readonly (Json | undefined)[]): string {
  return row.map(csvCell).join(',');
}

function csvCell(value: Json | undefined): string {
  const text = value === undefined || value === null ? '' : display(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
