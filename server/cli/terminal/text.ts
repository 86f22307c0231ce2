/** Text for a terminal: how wide it is, how it is cut, and what must not get through. */

// Control sequences: CSI, OSC and the other strings, and two-byte escapes (ECMA-48); C1 controls in their 8-bit form too.
const ESCAPES =
  // eslint-disable-next-line no-control-regex -- control characters are the very thing looked for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
// eslint-disable-next-line no-control-regex -- as above
const COLOURS = /^\x1b\[[0-9;:]*m$/;
const CONTROLS =
  // eslint-disable-next-line no-control-regex -- as above
  /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\x1b(?!\[[0-9;:]*m)/g;

/** Removes what would move the cursor, change the title, ring or turn text around; colours stay when asked. */
export function tame(text: string, colours: boolean): string {
  return text
    .replace(ESCAPES, (sequence) => (colours && COLOURS.test(sequence) ? sequence : ''))
    .replace(CONTROLS, '');
}

/** One line of it, whatever it is: a name that somebody else has chosen is no row of its own. */
export function oneLine(text: string): string {
  return tame(text, false).replace(/\s+/g, ' ');
}

/** What a terminal shows of a line in which carriage returns overwrote what stood before (progress bars). */
export function afterReturns(line: string): string {
  const parts = line.split('\r').filter((part) => part !== '');
  return parts.at(-1) ?? '';
}

/** Columns that a character takes (East Asian wide forms and emoji take two). */
function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  // These stand here and not above because to make them takes 3 ms, and most texts never get here.
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide || /^\p{Emoji_Presentation}$/u.test(character) ? 2 : 1;
}

/** Columns that a text without escapes takes. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** At most so many columns, with an ellipsis where something was cut. The text has no escapes. */
export function fit(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns <= 0) return '';
  let used = 0;
  let kept = '';
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > columns - 1) break;
    kept += character;
    used += next;
  }
  return `${kept}…`;
}

/** Filled up with spaces to so many columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

/** `850ms`, `3.2s`, `4m 10s`, `2h 5m`. */
export function elapsed(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`;
  const minutes = Math.floor(Math.round(ms / 1_000) / 60);
  if (minutes < 60) return `${minutes}m ${Math.round(ms / 1_000) % 60}s`;
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}
