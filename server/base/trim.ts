/** Ends of texts, without a pattern: `/x+$/` is tried at every `x` of a text and takes the square of its length. */

/** A text without the characters at its end for which a test holds. */
export function trimEndWhere(text: string, isCut: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0 && isCut(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
