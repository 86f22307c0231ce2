/**
 * Secrets never reach a log, a terminal or a record: every stream of a task passes through a mask that knows the
 * secrets' values, whole, line by line, and in the writings in which programs print them: base64 at any place, hex, the
 * ways of URLs, JSON once and twice, Python's and Node's literals, shells' quotes, HTML.
 */
import { trimEndWhere } from '../base/trim.js';

const MASK = '***';
const MASK_BYTES = Buffer.from(MASK);
/** Shorter values would turn ordinary output into stars without hiding anything. */
const MINIMUM_LENGTH = 3;
/** The same for what a value becomes in another writing: only the value itself is looked for when it is shorter. */
const MINIMUM_FORM = 4;
/** Of a value that is shorter a person is told that it can't be relied on being masked. */
const RELIABLE_LENGTH = 4;
const isShort = (secret: string): boolean => secret !== '' && secret.length < RELIABLE_LENGTH;
/** Where programs break long base64 into lines: `base64`, MIME and PEM. */
const BASE64_LINES = [76, 64];

/** All writings of one secret that are masked. */
function formsOf(secret: string): string[] {
  const whole = [secret, secret.trim()];
  const lines = secret.split(/\r?\n/);
  if (lines.length > 1) {
    whole.push(lines.join('\n'), lines.join('\r\n'), ...lines, ...lines.map((line) => line.trim()));
  }
  const written = [secret, ...(lines.length > 1 ? [lines.join('\r\n')] : [])].flatMap((text) => [
    ...base64Forms(text),
    ...hexForms(text),
    ...percentForms(text),
    ...quotedForms(text),
    ...htmlForms(text),
  ]);
  return [
    ...whole.filter((form) => form.length >= MINIMUM_LENGTH),
    ...written.filter((form) => form.length >= MINIMUM_FORM),
  ];
}

/**
 * What is the same in base64 whatever stands around the secret: as in `Authorization: Basic`, where a user's name of any
 * length comes first. Each of the three places that it can begin at in a group of three bytes.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const whole = bytes.toString('base64');
  const broken = BASE64_LINES.flatMap((width) =>
    whole.length <= width ? [] : (whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? []),
  );
  const all = [whole, ...inside, ...broken.filter((line) => line.length >= 2 * MINIMUM_FORM)];
  return [
    ...all,
    ...all.map((text) => trimEndWhere(text.replaceAll('+', '-').replaceAll('/', '_'), (one) => one === '=')),
  ];
}

function hexForms(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex');
  return [hex, hex.toUpperCase()];
}

const UNRESERVED = 'A-Za-z0-9';
/** What URLs leave as it is: curl and `quote(…, safe="")`, `quote`, `encodeURIComponent`, `encodeURI`, forms, PHP's, Go's `PathEscape`. */
const KEPT_IN_URLS = ['-._~', '/-._~', "-_.!~*'()", "-_.!~*'();/?:@&=+$,#", '*-._', '-._', '-._~$&+=:@'];
/** What browsers and `new URL` write otherwise in a user's name, a query and a path. */
const WRITTEN_IN_URLS = [' "#<>?`{}/:;=@\\[\\\\\\]^|', ' "#<>\'', ' "#<>?`{}^'];

function percentForms(secret: string): string[] {
  const escape = (pattern: RegExp): string =>
    Buffer.from(secret)
      .toString('latin1')
      .replace(pattern, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  const kept = KEPT_IN_URLS.map((keep) =>
    escape(new RegExp(`[^${UNRESERVED}${keep.replace(/[-/\]\\]/g, '\\$&')}]`, 'g')),
  );
  const written = WRITTEN_IN_URLS.map((set) => escape(new RegExp(`[\\0-\\x1f\\x7f-\\xff${set}]`, 'g')));
  const upper = [...kept, ...written].flatMap((text) => [text, text.replaceAll('%20', '+')]);
  return [...upper, ...upper.map((text) => text.replace(/%../g, (code) => code.toLowerCase()))];
}

const code = (character: string, digits: number): string =>
  character.charCodeAt(0).toString(16).padStart(digits, '0');

/** As texts in programs, logs and shells. */
function quotedForms(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const jsons = [
    json,
    json.replaceAll('/', '\\/'),
    // For the sake of HTML: Go's encoder; Jinja's, Rails' and PHP's; Gson's; .NET's.
    ...[/[<>&]/g, /[<>&']/g, /[<>&'=]/g, /\\"|[<>&'+`]/g].map((unsafe) =>
      json.replace(unsafe, (one) => `\\u${code(one.slice(-1), 4)}`),
    ),
    // Ruby's `inspect`.
    json.replace(/#(?=[{$@])/g, '\\#'),
  ];
  const python = repr(secret, /[^\x20-\x7e\xa1-\u{10ffff}]/gu);
  const inPython = [
    python,
    repr(secret, /[^\x20-\x7e]/gu),
    repr(Buffer.from(secret).toString('latin1'), /[^\x20-\x7e]/gu),
  ];
  const once = [...jsons, ...inPython].flatMap((text) => {
    const ascii = text.replace(/[^\0-\x7f]/g, (one) => `\\u${code(one, 4)}`);
    return [text, ascii, ascii.replace(/\\u[0-9a-f]{4}/g, (one) => `\\u${one.slice(2).toUpperCase()}`)];
  });
  const twice = once.map((text) => JSON.stringify(text).slice(1, -1));
  return [...once, ...twice, ...shellForms(secret)];
}

/** Python's and Node's: in single quotes, or in double ones where the text holds single ones only. */
function repr(text: string, escaped: RegExp): string {
  const single = text.includes("'") && text.includes('"');
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(single ? /'/g : /(?!)/g, "\\'")
    .replace(escaped, (one) => {
      const point = one.codePointAt(0) ?? 0;
      if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`;
      return point < 0x10000
        ? `\\u${point.toString(16).padStart(4, '0')}`
        : `\\U${point.toString(16).padStart(8, '0')}`;
    });
}

/** What `set -x` and `printf %q` print: dash, bash and zsh. */
function shellForms(secret: string): string[] {
  const ansi = secret
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return [
    secret.replaceAll("'", "'\\''"),
    secret.replaceAll("'", `'"'"'`),
    secret.replace(/["\\$`]/g, '\\$&'),
    secret.replace(/[\s'"\\|&;()<>!{}*[\]?^$`,]/g, '\\$&'),
    secret.replace(/[^A-Za-z0-9_@%+=:,./\x80-\u{10ffff}-]/gu, '\\$&'),
    ansi,
  ];
}

const ENTITIES: readonly Readonly<Record<string, string>>[] = [
  { '"': '"', "'": "'" },
  { '"': '&quot;', "'": "'" },
  { '"': '&quot;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#x27;' },
  { '"': '&#34;', "'": '&#39;' },
  { '"': '&quot;', "'": '&apos;' },
];

function htmlForms(secret: string): string[] {
  return ENTITIES.flatMap((quotes) => {
    const text = secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/["']/g, (quote) => quotes[quote] ?? quote);
    return [text, text.replaceAll('+', '&#43;')];
  });
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
      for (const form of formsOf(secret)) forms.add(form);
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

  /** Says which of these secrets are too short for it to be relied on that they are masked; nothing for none. */
  static warning(secrets: Readonly<Record<string, string>>): string | undefined {
    const short = Object.keys(secrets).filter((name) => isShort(secrets[name] ?? ''));
    if (short.length === 0) return undefined;
    const [what, value] = short.length === 1 ? ['the secret', 'its value'] : ['the secrets', 'their values'];
    return `${what} ${short.join(', ')}: ${value} can't be masked in what is printed, having less than ${RELIABLE_LENGTH} characters`;
  }

  text(value: string): string {
    let masked = value;
    for (const text of this.#texts) if (masked.includes(text)) masked = masked.replaceAll(text, MASK);
    return masked;
  }

  /** Whether a text holds a secret, of those that are long enough not to be there by chance. */
  reveals(value: string): boolean {
    return this.#texts.some((text) => text.length >= RELIABLE_LENGTH && value.includes(text));
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
