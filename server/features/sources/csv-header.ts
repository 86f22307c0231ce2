/** The columns of a CSV file by its first line, for those who can't or must not ask the engine. */

const DELIMITERS = [',', ';', '\t', '|'];

/** The delimiter that occurs most in the first line, outside of quotes. */
export function delimiterIn(text: string, quote = '"'): string {
  const counts = new Map(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let inQuotes = false;
  for (const character of text) {
    if (quote !== '' && character === quote) inQuotes = !inQuotes;
    else if (inQuotes) continue;
    else if (character === '\n' || character === '\r') break;
    else if (counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best === undefined || best[1] === 0 ? ',' : best[0];
}

/**
 * Names of the columns. `undefined` where the first line is no header beyond doubt: names that are missing, that are numbers, or
 * that are there twice.
 *
 * @param head the beginning of the file; it may end anywhere
 * @param delimiter where it is known
 */
export function csvHeader(head: string, delimiter?: string, quote = '"'): string[] | undefined {
  const text = head.replace(/^\uFEFF/, '').replace(/^[\r\n]+/, '');
  const names = csvFields(text, delimiter ?? delimiterIn(text, quote), quote)?.map((field) => field.trim());
  if (names === undefined) return undefined;
  const folded = new Set(names.map((name) => name.toLowerCase()));
  const bad = names.some((name) => name === '' || name.includes('\n') || Number.isFinite(Number(name)));
  return bad || folded.size < names.length ? undefined : names;
}

/** Fields of the first record (RFC 4180); nothing when it does not end within the text. */
export function csvFields(text: string, delimiter: string, quote = '"'): string[] | undefined {
  const fields: string[] = [];
  let field = '';
  let inQuotes = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (inQuotes) {
      if (character !== quote) field += character;
      else if (text.charAt(at + 1) === quote) field += text.charAt(++at);
      else inQuotes = false;
    } else if (quote !== '' && character === quote && field === '') inQuotes = true;
    else if (character === delimiter) {
      fields.push(field);
      field = '';
    } else if (character === '\n' || character === '\r') return [...fields, field];
    else field += character;
  }
  return undefined;
}
