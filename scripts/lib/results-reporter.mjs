// A reporter for `node --test`: one JSON line per test, `{ name, ok, ms, error }`, and per diagnostic that is `note: value`.

/** What went wrong, without the frames of node's own test runner. */
function describe(error) {
  const cause = error?.cause ?? error;
  const text =
    cause instanceof Error ? (cause.stack ?? cause.message) : String(cause?.stack ?? cause?.message ?? cause);
  return text
    .split('\n')
    .filter((line) => !line.includes('node:internal'))
    .join('\n');
}

export default async function* results(source) {
  for await (const { type, data } of source) {
    if (type === 'test:pass' || type === 'test:fail') {
      // A file is a test too, with its tests nested; it counts only where it failed without one of them failing.
      if (data.details?.type === 'suite' || data.skip !== undefined) continue;
      if (data.file && data.name === data.file && data.details?.error?.failureType === 'subtestsFailed')
        continue;
      const ok = type === 'test:pass';
      const error = ok ? undefined : describe(data.details.error);
      yield `${JSON.stringify({ name: data.name, ok, ms: data.details.duration_ms, error })}\n`;
    } else if (type === 'test:diagnostic') {
      const [, note, value] = /^note (.+?): (.+)$/.exec(data.message) ?? [];
      if (note) yield `${JSON.stringify({ note, value })}\n`;
    }
  }
}
