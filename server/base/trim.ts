/** Ends and lines of texts, without a pattern: `/x+$/` is tried at every `x` of a text and takes the square of its length. */

/** A text without the characters at its end for which a test holds. */
export function trimEndWhere(text: string, isCut: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0 && isCut(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** The characters at the end of a text for which a test holds. */
export function endWhere(text: string, isPart: (character: string) => boolean): string {
  return text.slice(trimEndWhere(text, isPart).length);
}

/** A text in one line: its lines without blanks at their ends, those that are empty left out. */
export function oneLine(text: string, between = ' '): string {
  if (!text.includes('\n')) return text;
  const lines = text.split('\n');
  const kept = lines.flatMap((line, at) => {
    const start = at === 0 ? line : line.trimStart();
    const end = at === lines.length - 1 ? start : start.trimEnd();
    return end === '' && at > 0 && at < lines.length - 1 ? [] : [end];
  });
  return kept.join(between);
}
