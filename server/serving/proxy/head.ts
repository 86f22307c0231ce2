/**
 * The heads of HTTP/1 messages (RFC 9112), read strictly: what could be understood in two ways is refused, because a
 * proxy and the app behind it that disagree about where a request ends can be made to serve one client's request to
 * another. What is passed on is written anew from what was read, so that nothing goes out that was not checked.
 */

/** How the end of a message's body is known. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Until the connection is closed; only answers. */
  | { readonly kind: 'close' };

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'close' };

export interface RequestHead {
  readonly method: string;
  /** In origin form, ASCII. */
  readonly target: string;
  /** 0 or 1, of HTTP/1.x. */
  readonly minor: number;
  readonly framing: Framing;
  /** Whether the client wants the connection to stay open. */
  readonly keepAlive: boolean;
  /** The protocol the client wants to change to. */
  readonly upgrade: string | undefined;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** Absent: a client of HTTP/1.0 that names none. */
  readonly host: string | undefined;
  readonly forwardedFor: string | undefined;
  readonly json: boolean;
  /** The headers that are passed on, each with its line's end; without host, framing and what concerns one connection. */
  readonly headers: string;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly framing: Framing;
  /** What the head says of a body that does not come with it: of an answer to HEAD, or a 304. */
  readonly announced: Framing;
  /** It has no body by its status or method, and a length all the same: an app that errs sends one. */
  readonly doubtful: boolean;
  /** Whether the app keeps the connection open. */
  readonly keepAlive: boolean;
  /** The app closes an idle connection after so many seconds, when it says so. */
  readonly keepAliveSeconds: number | undefined;
  readonly upgrade: string | undefined;
  readonly json: boolean;
  /** As for a request. */
  readonly headers: string;
}

/** Why a message is refused: the status to answer with, and a word for the log. */
export interface BadHead {
  readonly bad: number;
  readonly why: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: (.*))?$/s;
/** All but HTAB: in a value they end a line for some readers and not for others. */
// eslint-disable-next-line no-control-regex -- that is what is looked for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const NOT_ASCII = /[\x80-\xff]/g;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i;
/** A name, an IPv4 address or an IPv6 one in brackets, and a port. */
const HOST = /^(?:[A-Za-z0-9._~%!$&'()*+;=-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;
const PROTOCOLS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;

const refused = (bad: number, why: string): BadHead => ({ bad, why });

/** What the headers of a message say, whatever its direction. */
interface Fields {
  passed: string;
  length: number | undefined;
  transfer: string | undefined;
  connection: string | undefined;
  keepAlive: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  host: string | undefined;
  forwardedFor: string | undefined;
  json: boolean;
}

/** Reads the lines from `from` on. */
function readFields(text: string, from: number): Fields | BadHead {
  const fields: Fields = {
    passed: '',
    length: undefined,
    transfer: undefined,
    connection: undefined,
    keepAlive: undefined,
    upgrade: undefined,
    expect: undefined,
    host: undefined,
    forwardedFor: undefined,
    json: false,
  };
  let at = from;
  while (at < text.length) {
    let end = text.indexOf('\r\n', at);
    if (end === -1) end = text.length;
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > end) return refused(400, 'a header without a colon');
    const name = text.slice(at, colon);
    if (!TOKEN.test(name)) return refused(400, 'a header with a bad name');
    const problem = readField(fields, name, valueOf(text, colon + 1, end));
    if (problem !== undefined) return problem;
    at = end + 2;
  }
  return fields;
}

/** Without the blanks around it: SP and HTAB are blanks in HTTP, and nothing else is. */
function valueOf(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Headers that some gateways (CGI, WSGI) can't tell from those with "_" in place of "-". */
const NEVER_WITH_UNDERSCORE = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
]);

function readField(fields: Fields, name: string, value: string): BadHead | undefined {
  if (CONTROL.test(value)) return refused(400, 'a header with a control character');
  const known = name.toLowerCase();
  switch (known) {
    case 'connection':
      fields.connection = fields.connection === undefined ? value : `${fields.connection},${value}`;
      return undefined;
    case 'keep-alive':
      fields.keepAlive = value;
      return undefined;
    case 'proxy-connection':
    case 'te':
    case 'trailer':
    case 'proxy-authenticate':
    case 'proxy-authorization':
      return undefined;
    case 'upgrade':
      fields.upgrade = fields.upgrade === undefined ? value : `${fields.upgrade},${value}`;
      return undefined;
    case 'expect':
      if (fields.expect !== undefined) return refused(400, 'two expectations');
      fields.expect = value.toLowerCase();
      return undefined;
    case 'content-length':
      if (fields.length !== undefined) return refused(400, 'two content lengths');
      if (!/^[0-9]{1,15}$/.test(value)) return refused(400, 'a bad content length');
      fields.length = Number(value);
      return undefined;
    case 'transfer-encoding':
      if (fields.transfer !== undefined) return refused(400, 'two transfer encodings');
      fields.transfer = value.toLowerCase();
      return undefined;
    case 'host':
      if (fields.host !== undefined) return refused(400, 'two hosts');
      fields.host = value;
      return undefined;
    case 'x-forwarded-for':
      fields.forwardedFor = fields.forwardedFor === undefined ? value : `${fields.forwardedFor}, ${value}`;
      return undefined;
    case 'content-type':
      fields.json = JSON_TYPE.test(value);
      break;
    default:
      if (known.includes('_') && NEVER_WITH_UNDERSCORE.has(known.replaceAll('_', '-'))) {
        return refused(400, 'a header that reads like another one');
      }
  }
  fields.passed += `${name}: ${value}\r\n`;
  return undefined;
}

/** The words of a `Connection` header, lower case. */
function words(connection: string | undefined): readonly string[] {
  return connection === undefined
    ? []
    : connection
        .toLowerCase()
        .split(',')
        .map((word) => valueOf(word, 0, word.length));
}

const ORDINARY = new Set(['', 'close', 'keep-alive', 'upgrade']);

/** Leaves out the headers that the `Connection` header names; nearly always there are none. */
function withoutNamed(passed: string, names: readonly string[]): string {
  const extra = names.filter((name) => !ORDINARY.has(name));
  if (extra.length === 0) return passed;
  return passed
    .split('\r\n')
    .filter((line) => !extra.includes(line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase()))
    .join('\r\n');
}

/** Reads a request's head, without the empty line at its end. */
export function readRequestHead(text: string): RequestHead | BadHead {
  let end = text.indexOf('\r\n');
  if (end === -1) end = text.length;
  const line = REQUEST_LINE.exec(text.slice(0, end));
  if (line === null) {
    return /HTTP\/(?:[02-9]|1\.[2-9])/.test(text.slice(0, end))
      ? refused(505, 'a version of HTTP that is not spoken here')
      : refused(400, 'a bad request line');
  }
  const [, method = '', written = '', minorText = '1'] = line;
  if (method === 'CONNECT') return refused(501, 'CONNECT');
  const fields = readFields(text, end + 2);
  if ('bad' in fields) return fields;
  const minor = Number(minorText);
  if (fields.host === undefined && minor === 1) return refused(400, 'no host');
  const place = placeOf(written, method, fields.host);
  if ('bad' in place) return place;
  const framing = requestFraming(fields, minor);
  if ('bad' in framing) return framing;
  const expects = fields.expect;
  if (expects !== undefined && expects !== '100-continue') return refused(417, 'an unknown expectation');
  const connection = words(fields.connection);
  return {
    method,
    ...place,
    minor,
    framing,
    keepAlive: minor === 1 ? !connection.includes('close') : connection.includes('keep-alive'),
    upgrade: minor === 1 && connection.includes('upgrade') ? protocolOf(fields.upgrade) : undefined,
    expectsContinue: expects !== undefined && minor === 1 && hasBody(framing),
    forwardedFor: fields.forwardedFor,
    json: fields.json,
    headers: withoutNamed(fields.passed, connection),
  };
}

/** Whether any bytes of a body are to come. */
export function hasBody(framing: Framing): boolean {
  return framing.kind === 'length' ? framing.length > 0 : framing.kind !== 'none';
}

/** What is asked for, and of whom. Of an address in absolute form the host counts (RFC 9112, 3.2.2). */
function placeOf(
  written: string,
  method: string,
  header: string | undefined,
): Pick<RequestHead, 'target' | 'host'> | BadHead {
  const absolute = ABSOLUTE.exec(written);
  const host = absolute === null ? header : absolute[1];
  const rest = absolute === null ? written : (absolute[2] ?? '');
  if (host !== undefined && !HOST.test(host)) return refused(400, 'a bad host');
  if (absolute !== null && host === '') return refused(400, 'an address without a host');
  const target = rest === '' ? '/' : rest.startsWith('?') ? `/${rest}` : rest;
  if (!target.startsWith('/') && !(target === '*' && method === 'OPTIONS')) {
    return refused(400, 'a bad address');
  }
  // Some apps split the line at what Unicode takes for a blank.
  const ascii = target.replace(NOT_ASCII, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  return { target: ascii, host };
}

/** `h2c` would let a client speak to the app past us: as if it had not been asked for, like anything that is no protocol. */
function protocolOf(upgrade: string | undefined): string | undefined {
  if (upgrade === undefined || !PROTOCOLS.test(upgrade)) return undefined;
  return /^h2c?$/i.test(upgrade) ? undefined : upgrade;
}

function requestFraming(fields: Fields, minor: number): Framing | BadHead {
  if (fields.transfer !== undefined) {
    if (fields.length !== undefined) return refused(400, 'a content length and a transfer encoding');
    if (minor === 0) return refused(400, 'a transfer encoding in HTTP/1.0');
    if (fields.transfer !== 'chunked') return refused(501, 'a transfer encoding other than chunked');
    return CHUNKED;
  }
  return fields.length === undefined ? NONE : { kind: 'length', length: fields.length };
}

/** Reads an answer's head, without the empty line at its end. `toHead`: it answers a HEAD request. */
export function readResponseHead(text: string, toHead: boolean): ResponseHead | BadHead {
  let end = text.indexOf('\r\n');
  if (end === -1) end = text.length;
  const line = STATUS_LINE.exec(text.slice(0, end));
  if (line === null) return refused(502, 'a bad status line');
  const fields = readFields(text, end + 2);
  if ('bad' in fields) return refused(502, fields.why);
  const status = Number(line[2]);
  const reason = line[3] ?? '';
  if (CONTROL.test(reason)) return refused(502, 'a bad status line');
  const connection = words(fields.connection);
  const announced = responseFraming(fields);
  if ('bad' in announced) return announced;
  const framing = toHead || status < 200 || status === 204 || status === 304 ? NONE : announced;
  const persistent = line[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive');
  const seconds = /\btimeout\s*=\s*"?([0-9]+)/i.exec(fields.keepAlive ?? '')?.[1];
  return {
    status,
    reason,
    framing,
    announced: toHead || status === 304 ? announced : NONE,
    doubtful: framing !== announced && announced.kind !== 'close' && hasBody(announced),
    keepAlive: persistent && framing.kind !== 'close',
    keepAliveSeconds: seconds === undefined ? undefined : Number(seconds),
    upgrade: connection.includes('upgrade') ? protocolOf(fields.upgrade) : undefined,
    json: fields.json,
    headers: withoutNamed(fields.passed, connection),
  };
}

function responseFraming(fields: Fields): Framing | BadHead {
  if (fields.transfer !== undefined) {
    if (fields.length !== undefined) return refused(502, 'a content length and a transfer encoding');
    return fields.transfer === 'chunked' ? CHUNKED : refused(502, 'an unknown transfer encoding');
  }
  return fields.length === undefined ? UNTIL_CLOSE : { kind: 'length', length: fields.length };
}

/** The header that tells how a body ends, with its line's end. */
export function framingHeader(framing: Framing): string {
  if (framing.kind === 'length') return `Content-Length: ${framing.length}\r\n`;
  return framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
}
