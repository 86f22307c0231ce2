/**
 * The heads of HTTP/1 messages (RFC 9112), read strictly: what could be understood in two ways is refused, because a
 * proxy and the app behind it that disagree about where a request ends can be made to serve one client's request to
 * another.
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
  /** As it stands in the request line. */
  readonly target: string;
  /** 0 or 1, of HTTP/1.x. */
  readonly minor: number;
  readonly framing: Framing;
  /** Whether the client wants the connection to stay open. */
  readonly keepAlive: boolean;
  /** The protocol the client wants to change to. */
  readonly upgrade: string | undefined;
  readonly hasHost: boolean;
  readonly forwardedFor: string | undefined;
  readonly json: boolean;
  /** The headers that are passed on, each with its line's end. */
  readonly headers: string;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly framing: Framing;
  /** Whether the app keeps the connection open. */
  readonly keepAlive: boolean;
  /** The app closes an idle connection after so many seconds, when it says so. */
  readonly keepAliveSeconds: number | undefined;
  readonly upgrade: string | undefined;
  readonly json: boolean;
  readonly headers: string;
}

/** Why a message is refused: the status to answer with, and a word for the log. */
export interface BadHead {
  readonly bad: number;
  readonly why: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: (.*))?$/;
// eslint-disable-next-line no-control-regex -- that is what is looked for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i;

const refused = (bad: number, why: string): BadHead => ({ bad, why });

/** What the headers of a message say, whatever its direction. */
interface Fields {
  passed: string;
  length: number | undefined;
  transfer: string | undefined;
  connection: string | undefined;
  keepAlive: string | undefined;
  upgrade: string | undefined;
  hosts: number;
  forwardedFor: string | undefined;
  json: boolean;
}

/** Reads the lines from `from` on. Headers that concern one connection alone are left out of `passed`. */
function readFields(text: string, from: number): Fields | BadHead {
  const fields: Fields = {
    passed: '',
    length: undefined,
    transfer: undefined,
    connection: undefined,
    keepAlive: undefined,
    upgrade: undefined,
    hosts: 0,
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
    const problem = readField(fields, name.toLowerCase(), text, at, colon + 1, end);
    if (problem !== undefined) return problem;
    at = end + 2;
  }
  return fields;
}

function readField(
  fields: Fields,
  name: string,
  text: string,
  at: number,
  valueAt: number,
  end: number,
): BadHead | undefined {
  const value = text.slice(valueAt, end).trim();
  if (CONTROL.test(value)) return refused(400, 'a header with a control character');
  switch (name) {
    case 'connection':
      fields.connection = fields.connection === undefined ? value : `${fields.connection},${value}`;
      return undefined;
    case 'keep-alive':
      fields.keepAlive = value;
      return undefined;
    case 'proxy-connection':
    case 'te':
    case 'proxy-authenticate':
    case 'proxy-authorization':
      return undefined;
    case 'upgrade':
      fields.upgrade = value;
      return undefined;
    case 'content-length':
      if (fields.length !== undefined) return refused(400, 'two content lengths');
      if (!/^[0-9]{1,15}$/.test(value)) return refused(400, 'a bad content length');
      fields.length = Number(value);
      break;
    case 'transfer-encoding':
      if (fields.transfer !== undefined) return refused(400, 'two transfer encodings');
      fields.transfer = value.toLowerCase();
      break;
    case 'host':
      fields.hosts++;
      break;
    case 'x-forwarded-for':
      fields.forwardedFor = fields.forwardedFor === undefined ? value : `${fields.forwardedFor}, ${value}`;
      return undefined;
    case 'content-type':
      fields.json = JSON_TYPE.test(value);
      break;
    default:
  }
  fields.passed += text.slice(at, end) + '\r\n';
  return undefined;
}

/** The words of a `Connection` header, lower case. */
function words(connection: string | undefined): readonly string[] {
  return connection === undefined
    ? []
    : connection
        .toLowerCase()
        .split(',')
        .map((word) => word.trim());
}

const ORDINARY = new Set(['', 'close', 'keep-alive', 'upgrade']);

/** Leaves out the headers that the `Connection` header names; nearly always there are none. */
function withoutNamed(passed: string, names: readonly string[]): string {
  const extra = names.filter((name) => !ORDINARY.has(name));
  if (extra.length === 0) return passed;
  return passed
    .split('\r\n')
    .filter((line) => {
      const name = line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();
      // What says where the message ends can't be taken away.
      return (
        !extra.includes(name) || name === 'content-length' || name === 'transfer-encoding' || name === 'host'
      );
    })
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
  const [, method = '', target = '', minorText = '1'] = line;
  if (method === 'CONNECT') return refused(501, 'CONNECT');
  const fields = readFields(text, end + 2);
  if ('bad' in fields) return fields;
  const minor = Number(minorText);
  if (fields.hosts > 1) return refused(400, 'two hosts');
  if (fields.hosts === 0 && minor === 1) return refused(400, 'no host');
  const framing = requestFraming(fields, minor);
  if ('bad' in framing) return framing;
  const connection = words(fields.connection);
  return {
    method,
    target,
    minor,
    framing,
    keepAlive: minor === 1 ? !connection.includes('close') : connection.includes('keep-alive'),
    upgrade: minor === 1 && connection.includes('upgrade') ? fields.upgrade : undefined,
    hasHost: fields.hosts === 1,
    forwardedFor: fields.forwardedFor,
    json: fields.json,
    headers: withoutNamed(fields.passed, connection),
  };
}

function requestFraming(fields: Fields, minor: number): Framing | BadHead {
  if (fields.transfer !== undefined) {
    if (fields.length !== undefined) return refused(400, 'a content length and a transfer encoding');
    if (minor === 0) return refused(400, 'a transfer encoding in HTTP/1.0');
    if (fields.transfer !== 'chunked') return refused(501, 'a transfer encoding other than chunked');
    return CHUNKED;
  }
  if (fields.length === undefined || fields.length === 0) return NONE;
  return { kind: 'length', length: fields.length };
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
  const framing = responseFraming(fields, status, toHead);
  if ('bad' in framing) return framing;
  const persistent = line[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive');
  const seconds = /\btimeout\s*=\s*"?([0-9]+)/i.exec(fields.keepAlive ?? '')?.[1];
  return {
    status,
    reason,
    framing,
    keepAlive: persistent && framing.kind !== 'close',
    keepAliveSeconds: seconds === undefined ? undefined : Number(seconds),
    upgrade: connection.includes('upgrade') ? fields.upgrade : undefined,
    json: fields.json,
    headers: withoutNamed(fields.passed, connection),
  };
}

function responseFraming(fields: Fields, status: number, toHead: boolean): Framing | BadHead {
  if (toHead || status < 200 || status === 204 || status === 304) return NONE;
  if (fields.transfer !== undefined) {
    if (fields.length !== undefined) return refused(502, 'a content length and a transfer encoding');
    return fields.transfer === 'chunked' ? CHUNKED : refused(502, 'an unknown transfer encoding');
  }
  if (fields.length === undefined) return UNTIL_CLOSE;
  return fields.length === 0 ? NONE : { kind: 'length', length: fields.length };
}
