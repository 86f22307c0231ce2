/** The range of time that is to be computed. */

/** ISO 8601 in UTC; `from` is in it, `to` is not. */
export interface Range {
  readonly from?: string;
  readonly to?: string;
}

const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

export function rangeOf(
  from: string | undefined,
  to: string | undefined,
):
  | { readonly ok: true; readonly value: Range | undefined }
  | { readonly ok: false; readonly message: string } {
  if (from === undefined && to === undefined) return { ok: true, value: undefined };
  const range: { from?: string; to?: string } = {};
  for (const [name, text] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (text === undefined) continue;
    const moment = momentOf(text.trim());
    if (moment === undefined)
      return {
        ok: false,
        message: `\`${name}\` takes a day or a moment such as 2024-01-31 or 2024-01-31T12:00:00Z, not "${text}".`,
      };
    range[name] = moment;
  }
  if (range.from !== undefined && range.to !== undefined && range.from >= range.to)
    return {
      ok: false,
      message: `The range from ${range.from} to ${range.to} is empty: \`to\` has to be later.`,
    };
  return { ok: true, value: range };
}

function momentOf(text: string): string | undefined {
  if (!MOMENT.test(text)) return undefined;
  const hasOffset = /[T ].*(?:Z|[+-]\d{2}:?\d{2})$/.test(text);
  const iso = text.replace(' ', 'T');
  const ms = Date.parse(hasOffset ? iso : iso.includes('T') ? `${iso}Z` : iso);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
