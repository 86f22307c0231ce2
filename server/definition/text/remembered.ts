/** Answers that are worth keeping, of which there may be too many: what comes from files that anybody may have written. */

/**
 * The same function with a memory for its last answers.
 *
 * @param most answers that are kept; with one more, all are forgotten
 * @param make has to give the same answer each time
 */
export function remembered<V>(most: number, make: (key: string) => V): (key: string) => V {
  const known = new Map<string, { readonly answer: V }>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) {
      found = { answer: make(key) };
      if (known.size >= most) known.clear();
      known.set(key, found);
    }
    return found.answer;
  };
}
