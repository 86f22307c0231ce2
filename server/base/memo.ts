/**
 * The same function with a memory: a value gives the answer that it gave before, as long as it lives.
 *
 * @param make has to give the same answer each time
 */
export function memo<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly answer: V }>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = { answer: make(key) }));
    return found.answer;
  };
}
