/** The columns of a CSV file by its first line, for those who can't or must not ask the engine. */

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * Names of the columns. `undefined` where the first line is no header beyond doubt: names that are missing, that are numbers, or
 * that are there twice.
 *
 * @param head the beginning of the file; it may end anywhere
 */
export function csvHeader(head: string): string[] | undefined {
  const text = head.replace(/^\uFEFF/, '');
  const best = DELIMITERS.map((delimiter) => fieldsOf(text, delimiter))
    .filter((fields) => fields !== undefined)
    .sort((a, b) => b.length - a.length)[0];
  if (best === undefined) return undefined;
  const names = best.map((field) => field.trim());
  const folded = new Set(names.map((name) => name.toLowerCase()));
  const bad = names.some((name) => name === '' || name.includes('\n') || Number.isFinite(Number(name)));
  return bad || folded.size < names.length ? undefined : names;
}

/** Fields of the first record (RFC 4180); nothing when it does not end within the text. */
function fieldsOf(text: string, delimiter: string): string[] | undefined {
  const fields: string[] = [];
  let field = '';
  let inQuotes = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (inQuotes) {
      if (character !== '"') field += character;
      else if (text.charAt(at + 1) === '"') field += text.charAt(++at);
      else inQuotes = false;
    } else if (character === '"' && field === '') inQuotes = true;
    else if (character === delimiter) {
      fields.push(field);
      field = '';
    } else if (character === '\n' || character === '\r') return [...fields, field];
    else field += character;
  }
  return undefined;
}
