/**
 * Secrets never reach a log, a terminal or a record: every stream of a task passes through a mask that knows the
 * secrets' values, whole, line by line, and in the encodings in which tools like to print them.
 */

const MASK = '***';
const MASK_BYTES = Buffer.from(MASK);
/** Shorter values would turn ordinary output into stars without hiding anything. */
const MINIMUM_LENGTH = 3;

/** The forms of one secret that are masked: verbatim, its lines, base64, URL-encoded and JSON-escaped. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const base64 = Buffer.from(secret).toString('base64');
  return [
    secret,
    secret.trim(),
    ...(lines.length > 1 ? lines : []),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ];
}

/** Masks whole strings and makes one mask per stream. */
export class Masks {
  readonly #needles: readonly Buffer[];
  readonly #texts: readonly string[];
  readonly #first: ReadonlySet<number>;
  readonly #longest: number;

  constructor(secrets: Iterable<string>) {
    const forms = new Set<string>();
    for (const secret of secrets) {
      for (const form of formsOf(secret)) if (form.length >= MINIMUM_LENGTH) forms.add(form);
    }
    // The longest first, so that a secret that contains another one is masked as a whole.
    this.#texts = [...forms].sort((a, b) => b.length - a.length);
    this.#needles = this.#texts.map((text) => Buffer.from(text)).sort((a, b) => b.length - a.length);
    this.#first = new Set(this.#needles.map((needle) => needle[0] ?? 0));
    this.#longest = this.#needles[0]?.length ?? 0;
  }

  /** Whether there is anything to mask at all. */
  get empty(): boolean {
    return this.#needles.length === 0;
  }

  /** Values that are too short to be masked. */
  static tooShort(secret: string): boolean {
    return secret.length < MINIMUM_LENGTH;
  }

  text(value: string): string {
    let masked = value;
    for (const text of this.#texts) if (masked.includes(text)) masked = masked.replaceAll(text, MASK);
    return masked;
  }

  /** A mask for one stream: bytes in, masked bytes out, never cut inside a secret or a UTF-8 character. */
  stream(): StreamMask {
    return new StreamMask(this.#needles, this.#first, this.#longest);
  }
}

export class StreamMask {
  readonly #needles: readonly Buffer[];
  readonly #first: ReadonlySet<number>;
  readonly #longest: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(needles: readonly Buffer[], first: ReadonlySet<number>, longest: number) {
    this.#needles = needles;
    this.#first = first;
    this.#longest = longest;
  }

  /** What can be shown now; the rest is held back until more comes. */
  push(chunk: Buffer): Buffer {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const { masked, keep } = this.#mask(data, false);
    this.#rest = keep;
    return masked;
  }

  /** What was held back, when the stream has ended. */
  end(): Buffer {
    const { masked } = this.#mask(this.#rest, true);
    this.#rest = Buffer.alloc(0);
    return masked;
  }

  #mask(data: Buffer, last: boolean): { masked: Buffer; keep: Buffer } {
    const pieces: Buffer[] = [];
    let from = 0;
    // Where each needle was found last: looking for all of them anew after every match would take quadratic time.
    const places = this.#needles.map((needle) => ({ needle, at: data.indexOf(needle) }));
    while (this.#needles.length > 0) {
      const found = earliest(data, from, places);
      if (found === undefined) break;
      // A longer secret may begin before this one, or with it, and still be incomplete.
      if (!last && this.#open(data, from, found.at + 1) <= found.at) break;
      pieces.push(data.subarray(from, found.at), MASK_BYTES);
      from = found.at + found.length;
    }
    const end = last ? data.length : this.#open(data, from, data.length);
    const cut = last ? end : wholeCharacters(data, from, end);
    pieces.push(data.subarray(from, cut));
    const masked = pieces.length === 1 ? (pieces[0] ?? data) : Buffer.concat(pieces);
    // A copy: the held back bytes must not keep a large chunk alive.
    return { masked, keep: Buffer.from(data.subarray(cut)) };
  }

  /** The first offset, at most `limit`, from which the data could be the beginning of a secret that goes on. */
  #open(data: Buffer, from: number, limit: number): number {
    for (let at = Math.max(from, data.length - this.#longest + 1); at < limit; at++) {
      if (!this.#first.has(data[at] ?? 0)) continue;
      const length = data.length - at;
      for (const needle of this.#needles) {
        if (needle.length > length && needle.compare(data, at, data.length, 0, length) === 0) return at;
      }
    }
    return limit;
  }
}

/** The first match from an offset on, the longest one among those at the same place. */
function earliest(
  data: Buffer,
  from: number,
  places: readonly { readonly needle: Buffer; at: number }[],
): { at: number; length: number } | undefined {
  let best: { at: number; length: number } | undefined;
  for (const place of places) {
    if (place.at >= 0 && place.at < from) place.at = data.indexOf(place.needle, from);
    if (place.at >= 0 && (best === undefined || place.at < best.at)) {
      best = { at: place.at, length: place.needle.length };
    }
  }
  return best;
}

/** The largest offset up to `end` that does not cut a UTF-8 character; bytes that are no UTF-8 pass. */
export function wholeCharacters(data: Buffer, from: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= from; back++) {
    const byte = data[end - back] ?? 0;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? end - back : end;
    }
  }
  return end;
}
