/**
 * Requests that a proxy and an app may cut apart at different places: the classes of the public lists (CL.TE, TE.CL,
 * TE.TE, CL.0, 0.CL, TE.0, bare line ends, blanks that are none, line folding, chunk grammar, hop-by-hop abuse, upgrades),
 * each with a request hidden in it that would become, or go before, the next client's.
 */

/** What is hidden. Incomplete on purpose: the next client's request line would end in its last header. */
const PREFIX = 'GET /SMUGGLED HTTP/1.1\r\nX: ';
/** The same, complete. */
const WHOLE = 'GET /SMUGGLED HTTP/1.1\r\nHost: a\r\n\r\n';

export interface SmugglingCase {
  readonly name: string;
  /** One or more requests as bytes, as Latin-1. */
  readonly request: string;
  /** What the proxy answers at first by itself; absent: the app's own answer comes, whichever it is. */
  readonly status?: number;
  /** It never becomes complete: no answer is waited for. */
  readonly open?: boolean;
}

const byte = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;
const controls = [0, 1, 7, 8, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x1b, 0x1c, 0x1f, 0x7f];

/** A POST with these headers, beside `Host`, and this body. */
const post = (headers: readonly string[], body: string, target = '/read'): string =>
  [`POST ${target} HTTP/1.1`, 'Host: a', ...headers, '', body].join('\r\n');

const lengthOf = (body: string, more = 0): string => `Content-Length: ${body.length + more}`;
const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;
const chunked = (body: string): string => `${chunk(body)}0\r\n\r\n`;

function bothFramings(): SmugglingCase[] {
  const body = `0\r\n\r\n${PREFIX}`;
  const both = [
    ['CL.TE', [lengthOf(body), 'Transfer-Encoding: chunked']],
    ['TE.CL order', ['Transfer-Encoding: chunked', lengthOf(body)]],
    ['CL.TE lower case', [lengthOf(body), 'transfer-encoding: chunked']],
    ['CL.TE of identity', [lengthOf(body), 'Transfer-Encoding: identity']],
    ['CL of 0 and TE', ['Content-Length: 0', 'Transfer-Encoding: chunked']],
    ['TE and CL around others', ['Transfer-Encoding: chunked', 'X: y', lengthOf(body)]],
    ['CL and empty TE', [lengthOf(body), 'Transfer-Encoding:']],
    ['CL and TE of nonsense', [lengthOf(body), 'Transfer-Encoding: x']],
  ] as const;
  return both.map(([name, headers]) => ({ name, request: post(headers, body), status: 400 }));
}

/** Spellings of `Transfer-Encoding: chunked` that one side may take and the other not. */
function disguisedEncodings(): SmugglingCase[] {
  const body = `0\r\n\r\n${PREFIX}`;
  const refused: readonly (readonly [string, number])[] = [
    ['Transfer-Encoding : chunked', 400],
    ['Transfer-Encoding\t: chunked', 400],
    ['Transfer-Encoding\x0b: chunked', 400],
    ['Transfer-Encoding\0: chunked', 400],
    ['Transfer-Encoding\r: chunked', 400],
    [' Transfer-Encoding: chunked', 400],
    ['\tTransfer-Encoding: chunked', 400],
    ['X: y\r\n Transfer-Encoding: chunked', 400],
    ['X: y\nTransfer-Encoding: chunked', 400],
    ['X: y\rTransfer-Encoding: chunked', 400],
    ['Transfer-Encoding:\x0bchunked', 400],
    ['Transfer-Encoding:\x0cchunked', 400],
    ['Transfer-Encoding: chunked\x0b', 400],
    ['Transfer-Encoding: chunked\x0c', 400],
    ['Transfer-Encoding: chunked\0', 400],
    ['Transfer-Encoding: chunked\r', 400],
    ['Transfer-Encoding:\r\n chunked', 400],
    ['Transfer-Encoding:\n chunked', 400],
    ['Transfer-Encoding\r\n: chunked', 400],
    ['Transfer-Encoding: chunked\r\nTransfer-Encoding: x', 400],
    ['Transfer-Encoding: x\r\nTransfer-Encoding: chunked', 400],
    ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 400],
    ['Transfer_Encoding: chunked', 400],
    ['TRANSFER_ENCODING: chunked', 400],
    ['Transfer-Encoding: \xa0chunked', 501],
    ['Transfer-Encoding: chunked\xa0', 501],
    ['Transfer-Encoding: \x85chunked', 501],
    ['Transfer-Encoding: xchunked', 501],
    ['Transfer-Encoding: chunkedx', 501],
    ['Transfer-Encoding: chunked;x=y', 501],
    ['Transfer-Encoding: "chunked"', 501],
    ["Transfer-Encoding: 'chunked'", 501],
    ['Transfer-Encoding: chunked, identity', 501],
    ['Transfer-Encoding: identity, chunked', 501],
    ['Transfer-Encoding: gzip, chunked', 501],
    ['Transfer-Encoding: ,chunked', 501],
    ['Transfer-Encoding: chunked,', 501],
    ['Transfer-Encoding: chun\xadked', 501],
    ['Transfer-Encoding: chu\xf1ked', 501],
    ['Transfer\xadEncoding: chunked', 400],
    ['"Transfer-Encoding": chunked', 400],
    ['Transfer-Encoding; chunked', 400],
    ['Transfer-Encoding chunked', 400],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked', 400],
  ];
  return refused.map(([line, status]) => ({
    name: JSON.stringify(line),
    request: post([line], body),
    status,
  }));
}

function lengths(): SmugglingCase[] {
  const body = PREFIX;
  const size = body.length;
  const refused = [
    `Content-Length: +${size}`,
    `Content-Length: -${size}`,
    `Content-Length: ${size}, ${size}`,
    `Content-Length: ${size},0`,
    `Content-Length: 0x${size.toString(16)}`,
    `Content-Length: ${size}.0`,
    `Content-Length: 1e1`,
    `Content-Length: ${size} 0`,
    `Content-Length: "${size}"`,
    'Content-Length:',
    'Content-Length: 99999999999999999999',
    `Content-Length: 0\r\nContent-Length: ${size}`,
    `Content-Length: ${size}\r\nContent-Length: 0`,
    `Content-Length: ${size}\r\nContent-Length: ${size}`,
    `Content-Length : ${size}`,
    `Content-Length\t: ${size}`,
    `Content-Length:\x0b${size}`,
    `Content-Length:\xa0${size}`,
    `Content-Length: ${size}\x0b`,
    `Content-Length: ${size}\xa0`,
    `Content-Length: ${size}\0`,
    `Content-Length:\r\n ${size}`,
    `X: y\nContent-Length: ${size}`,
    `X: y\rContent-Length: ${size}`,
    ` Content-Length: ${size}`,
    `Content_Length: ${size}`,
    `CONTENT_LENGTH: ${size}`,
    `Content-Length: \xb2\xb3`,
    `Content-Length: 1_0`,
  ];
  return refused.map((line) => ({ name: JSON.stringify(line), request: post([line], body), status: 400 }));
}

/** The measured attack: the head ends early for a reader that takes these for line ends. */
function controlBytes(): SmugglingCase[] {
  const body = `${'@'.repeat(40)}${PREFIX}`;
  return controls.flatMap((code) => {
    const character = String.fromCharCode(code);
    return [
      {
        name: `ends in ${byte(code)}`,
        request: post([lengthOf(body), `X: y${character}`], body),
        status: 400,
      },
      {
        name: `begins with ${byte(code)}`,
        request: post([lengthOf(body), `X:${character}y`], body),
        status: 400,
      },
      {
        name: `holds ${byte(code)}`,
        request: post([lengthOf(body), `X: a${character}b`], body),
        status: 400,
      },
      {
        name: `name with ${byte(code)}`,
        request: post([lengthOf(body), `X${character}: b`], body),
        status: 400,
      },
    ];
  });
}

function lineEnds(): SmugglingCase[] {
  const body = `${'@'.repeat(40)}${PREFIX}`;
  const heads: readonly (readonly [string, string])[] = [
    [
      'a length before a lonely LF',
      `POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\n\r\n\r\n${body}`,
    ],
    [
      'a double LF',
      `POST /read HTTP/1.1\r\nHost: a\r\nX: y\n\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ],
    ['LF CR', `POST /read HTTP/1.1\r\nHost: a\r\nX: y\n\rContent-Length: ${body.length}\r\n\r\n${body}`],
    ['CR CR LF', `POST /read HTTP/1.1\r\nHost: a\r\nX: y\r\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    [
      'a request line ended by LF',
      `POST /read HTTP/1.1\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ],
    ['a request line with CR', `POST /read\r HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`],
    ['a header without a name', `POST /read HTTP/1.1\r\nHost: a\r\n: y\r\nContent-Length: 0\r\n\r\n`],
    ['a header without a colon', `POST /read HTTP/1.1\r\nHost: a\r\nfoo\r\nContent-Length: 0\r\n\r\n`],
    ['folded by a tab', `POST /read HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\nContent-Length: 0\r\n\r\n`],
    ['folded at once', `POST /read HTTP/1.1\r\n Host: a\r\nContent-Length: 0\r\n\r\n`],
  ];
  return heads.map(([name, request]) => ({ name, request, status: 400 }));
}

function requestLines(): SmugglingCase[] {
  const rest = `\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
  const lines: readonly (readonly [string, number])[] = [
    ['GET  /read HTTP/1.1', 400],
    ['GET /read  HTTP/1.1', 400],
    ['GET\t/read HTTP/1.1', 400],
    ['GET /read HTTP/1.1 ', 400],
    [' GET /read HTTP/1.1', 400],
    ['GET /read', 400],
    ['GET /read HTTP/1.1x', 400],
    ['GET /read http/1.1', 400],
    ['GET /read HTTP/01.1', 505],
    ['GET /read HTTP/1.10', 400],
    ['GET /read HTTP/2.0', 505],
    ['GET /read HTTP/0.9', 505],
    ['GET /a b HTTP/1.1', 400],
    ['GET /a\0b HTTP/1.1', 400],
    ['GET /a\x0bb HTTP/1.1', 400],
    ['G(T /read HTTP/1.1', 400],
    ['GET read HTTP/1.1', 400],
    ['GET * HTTP/1.1', 400],
    ['GET http:///read HTTP/1.1', 400],
    ['GET http://a@b/read HTTP/1.1', 400],
    ['GET ftp://a/read HTTP/1.1', 400],
    ['GET //a:1:2@b HTTP/1.1', 0],
    ['CONNECT a:80 HTTP/1.1', 501],
    ['PRI * HTTP/2.0', 505],
  ];
  return lines.map(([line, status]) => ({
    name: JSON.stringify(line),
    request: line + rest,
    ...(status === 0 ? {} : { status }),
  }));
}

function hosts(): SmugglingCase[] {
  const refused = [
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'a?b',
    'a#b',
    'a\\b',
    'a:b',
    'a:1:2',
    '[::1',
    'http://a',
    'ä',
    'a"b',
    '<a>',
  ];
  return [
    ...refused.map((host) => ({
      name: `Host: ${host}`,
      request: `GET /read HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      status: 400,
    })),
    { name: 'no Host', request: 'GET /read HTTP/1.1\r\n\r\n', status: 400 },
    { name: 'two Hosts', request: 'GET /read HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', status: 400 },
    { name: 'the same Host twice', request: 'GET /read HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', status: 400 },
    { name: 'a blank before Host', request: 'GET /read HTTP/1.1\r\n Host: a\r\n\r\n', status: 400 },
    { name: 'an address that says another Host', request: 'GET http://b/read HTTP/1.1\r\nHost: a\r\n\r\n' },
  ];
}

/** Bodies in chunks that are read in more than one way. */
function chunks(): SmugglingCase[] {
  const bodies: readonly (readonly [string, string])[] = [
    ['junk after the size', `5 5\r\nhello\r\n0\r\n\r\n`],
    ['a blank after the size', `5 \r\nhello\r\n0\r\n\r\n`],
    ['a tab after the size', `5\t\r\nhello\r\n0\r\n\r\n`],
    ['a blank before the size', ` 5\r\nhello\r\n0\r\n\r\n`],
    ['a plus', `+5\r\nhello\r\n0\r\n\r\n`],
    ['a minus', `-5\r\nhello\r\n0\r\n\r\n`],
    ['a prefix', `0x5\r\nhello\r\n0\r\n\r\n`],
    ['a low line', `0_5\r\nhello\r\n0\r\n\r\n`],
    ['no size', `\r\nhello\r\n0\r\n\r\n`],
    ['no digits but an extension', `;x\r\nhello\r\n0\r\n\r\n`],
    ['more than 64 bits', `10000000000000005\r\nhello\r\n0\r\n\r\n`],
    ['more than 32 bits of zeroes', `0000000000000000005\r\nhello\r\n0\r\n\r\n`],
    ['ended by LF', `5\nhello\r\n0\r\n\r\n`],
    ['ended by CR', `5\rhello\r\n0\r\n\r\n`],
    ['CR CR LF', `5\r\r\nhello\r\n0\r\n\r\n`],
    ['data ended by LF', `5\r\nhello\n0\r\n\r\n`],
    ['data ended by nothing', `5\r\nhello0\r\n\r\n`],
    ['data ended by anything', `5\r\nhelloXX0\r\n\r\n`],
    ['data longer than it says', `5\r\nhello!\r\n0\r\n\r\n`],
    ['an extension with LF', `5;x\nhello\r\n0\r\n\r\n`],
    ['an extension with CR', `5;x\rxx\r\nhello\r\n0\r\n\r\n`],
    ['an extension with NUL', `5;\0\r\nhello\r\n0\r\n\r\n`],
    ['an extension with VT', `5;\x0b\r\nhello\r\n0\r\n\r\n`],
    ['VT after the size', `5\x0b\r\nhello\r\n0\r\n\r\n`],
    ['NBSP after the size', `5\xa0\r\nhello\r\n0\r\n\r\n`],
    ['a full-width digit', `\xef\xbc\x95\r\nhello\r\n0\r\n\r\n`],
    ['an extension that hides a request', `5;\n${PREFIX}\r\nhello\r\n0\r\n\r\n`],
    ['the end by LF', `5\r\nhello\r\n0\n\n`],
    ['the end by CR', `5\r\nhello\r\n0\r\r`],
    ['a trailer without a colon', `5\r\nhello\r\n0\r\n${PREFIX.slice(0, 5)}\r\n\r\n`],
    ['a trailer with a blank name', `5\r\nhello\r\n0\r\n : x\r\n\r\n`],
    ['a trailer that is a request', `5\r\nhello\r\n0\r\n${WHOLE}`],
    ['a trailer with LF', `5\r\nhello\r\n0\r\nX: y\n\r\n\r\n`],
    ['a trailer with NUL', `5\r\nhello\r\n0\r\nX: \0\r\n\r\n`],
  ];
  return bodies.map(([name, body]) => ({
    name: `chunks: ${name}`,
    request: post(['Transfer-Encoding: chunked'], body),
    status: 400,
  }));
}

/** Well-formed for the proxy: what is hidden in them must not get beyond this one client. */
function wellFormed(): SmugglingCase[] {
  const hidden: SmugglingCase[] = [];
  for (const target of ['/ignore', '/read', '/health', '/missing']) {
    for (const body of [PREFIX, WHOLE]) {
      const kind = body === PREFIX ? 'half' : 'whole';
      hidden.push(
        { name: `CL.0 ${target} ${kind}`, request: post([lengthOf(body)], body, target) },
        {
          name: `TE.0 ${target} ${kind}`,
          request: post(['Transfer-Encoding: chunked'], chunked(body), target),
        },
        {
          name: `GET with a body ${target} ${kind}`,
          request: `GET ${target} HTTP/1.1\r\nHost: a\r\n${lengthOf(body)}\r\n\r\n${body}`,
        },
        {
          name: `GET in chunks ${target} ${kind}`,
          request: `GET ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}`,
        },
      );
    }
  }
  const connection = (names: string): string => post([`Connection: ${names}`, lengthOf(PREFIX)], PREFIX);
  return [
    ...hidden,
    ...[
      'Content-Length',
      'Transfer-Encoding',
      'Host',
      'close, Content-Length',
      'X-Forwarded-For, Cookie',
      'Expect',
    ].map((names) => ({ name: `Connection: ${names}`, request: connection(names) })),
    {
      name: 'HEAD with a body',
      request: `HEAD /ignore HTTP/1.1\r\nHost: a\r\n${lengthOf(WHOLE)}\r\n\r\n${WHOLE}`,
    },
    {
      name: 'OPTIONS with a body',
      request: `OPTIONS * HTTP/1.1\r\nHost: a\r\n${lengthOf(WHOLE)}\r\n\r\n${WHOLE}`,
    },
    {
      name: 'DELETE with a body',
      request: `DELETE /ignore HTTP/1.1\r\nHost: a\r\n${lengthOf(PREFIX)}\r\n\r\n${PREFIX}`,
    },
    {
      name: 'a chunk extension',
      request: post(['Transfer-Encoding: chunked'], `5;x="y"\r\nhello\r\n0\r\n\r\n`),
    },
    {
      name: 'a trailer that frames',
      request: post(['Transfer-Encoding: chunked'], `5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n`),
    },
    {
      name: 'a trailer that encodes',
      request: post(['Transfer-Encoding: chunked'], `0\r\nTransfer-Encoding: chunked\r\n\r\n`),
    },
    {
      name: 'an upgrade to h2c',
      request: `GET /read HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
    },
    {
      name: 'an upgrade that fails',
      request: `GET /read HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n\r\n${WHOLE}`,
    },
    {
      name: 'an upgrade with a body',
      request: post(['Connection: Upgrade', 'Upgrade: websocket', lengthOf(WHOLE)], WHOLE),
    },
    {
      name: 'Expect with a body at once',
      request: post(['Expect: 100-continue', lengthOf(WHOLE)], WHOLE, '/ignore'),
    },
    {
      name: 'Expect without a body',
      request: `GET /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n${WHOLE}`,
    },
    {
      name: 'Expect and chunks',
      request: post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], chunked(PREFIX)),
    },
    {
      name: 'an unknown Expect',
      request: post(['Expect: y 100-continue', lengthOf(PREFIX)], PREFIX),
      status: 417,
    },
    {
      name: 'two Expects',
      request: post(['Expect: 100-continue', 'Expect: 100-continue', lengthOf(PREFIX)], PREFIX),
      status: 400,
    },
    {
      name: 'HTTP/1.0 in chunks',
      request: `POST /read HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(PREFIX)}`,
      status: 400,
    },
    {
      name: 'HTTP/1.0 with a length',
      request: `POST /ignore HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n${lengthOf(WHOLE)}\r\n\r\n${WHOLE}`,
    },
    { name: 'empty lines first', request: `\r\n\r\nGET /read HTTP/1.1\r\nHost: a\r\n\r\n` },
    { name: 'non-ASCII blanks in the address', request: `GET /a\xa0HTTP/1.0 HTTP/1.1\r\nHost: a\r\n\r\n` },
    { name: 'NEL in the address', request: `GET /a\x85b HTTP/1.1\r\nHost: a\r\n\r\n` },
    {
      name: 'half a chunk, and no more',
      request: post(['Transfer-Encoding: chunked'], `50\r\n${PREFIX}`),
      open: true,
    },
    { name: '0.CL: a body that never comes', request: post(['Content-Length: 100'], PREFIX), open: true },
    { name: 'half a head', request: `GET /read HTTP/1.1\r\nHost: a\r\n${PREFIX}`, open: true },
    { name: 'pipelined', request: `GET /read HTTP/1.1\r\nHost: a\r\n\r\n${PREFIX}` },
  ];
}

export const SMUGGLING: readonly SmugglingCase[] = [
  ...bothFramings(),
  ...disguisedEncodings(),
  ...lengths(),
  ...controlBytes(),
  ...lineEnds(),
  ...requestLines(),
  ...hosts(),
  ...chunks(),
  ...wellFormed(),
];
