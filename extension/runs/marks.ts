/** Tags of runs as people type them. */

/** `keep, owner=ada` */
export function tagWords(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(', ');
}

/** Those that can be typed: a comma, or a space at an end, would be lost. */
export function editableTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).filter(([key, value]) => {
      const typed = [...tagsIn(tagWords({ [key]: value }))];
      return typed.length === 1 && typed[0]?.[0] === key && typed[0][1] === value && !value.includes('\n');
    }),
  );
}

/** Tags that a text names, by key. A value can hold no comma. */
function tagsIn(text: string): ReadonlyMap<string, string> {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return new Map(
    words.map((word) => {
      const at = word.indexOf('=');
      return at < 0 ? [word, ''] : [word.slice(0, at).trim(), word.slice(at + 1).trim()];
    }),
  );
}

/** What is to be set and removed so that a run has the tags that were typed. */
export function changedTags(
  before: Readonly<Record<string, string>>,
  typed: string,
): { readonly tags: Readonly<Record<string, string>>; readonly untag: readonly string[] } {
  const wanted = tagsIn(typed);
  const known = new Map(Object.entries(before));
  return {
    tags: Object.fromEntries([...wanted].filter(([key, value]) => known.get(key) !== value)),
    untag: [...known.keys()].filter((key) => !wanted.has(key)),
  };
}
