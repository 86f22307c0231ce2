import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import test from 'node:test';
import { app, listen, proxyTo, rawApp, talk } from './proxy-support.js';

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const GET_CLOSE = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Says back what it was asked. */
const echo: http.RequestListener = (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(parts).toString('latin1') }));
  });
};

const bodyOf = (answer: string): Record<string, unknown> =>
  JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
const count = (text: string, part: string): number => text.split(part).length - 1;

test('a request and its answer pass, headers of one connection do not', async () => {
  const { port, seen } = await proxyTo(await app(echo));
  const answer = await talk(port, [
    'POST /p?q=1 HTTP/1.1\r\nHost: svc\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nX-Kept: ä\r\nContent-Length: 5\r\n\r\nhello',
  ]);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\nX-Modelyard-Release: r1\r\n/);
  assert.match(answer, /\r\nConnection: close\r\n/);
  const { method, url, headers, body } = bodyOf(answer);
  assert.deepEqual({ method, url, body }, { method: 'POST', url: '/p?q=1', body: 'hello' });
  const passed = headers as Record<string, string>;
  assert.equal(passed['host'], 'svc');
  assert.equal(passed['x-forwarded-for'], '127.0.0.1');
  assert.ok(!('x-hop' in passed) && !('te' in passed));
  assert.deepEqual(seen.answers, [{ release: 'r1', status: 200, failed: false }]);
});

test('a connection carries many requests, also when they come all at once or byte by byte', async () => {
  const { port, seen } = await proxyTo(await app(echo));
  const five = Array.from({ length: 5 }, (_, n) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
  const answer = await talk(port, [five + GET_CLOSE]);
  assert.equal(count(answer, 'HTTP/1.1 200'), 6);
  const order = [...answer.matchAll(/"url":"\/(\w)"/g)].map((match) => match[1]);
  assert.deepEqual(order, ['0', '1', '2', '3', '4', 'x']);
  const post =
    'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n';
  const slow = await talk(port, Array.from(post + GET_CLOSE));
  assert.equal(count(slow, 'HTTP/1.1 200'), 2);
  assert.match(slow, /"body":"abcde"/);
  assert.equal(seen.answers.length, 8);
});

test('a long pipeline of requests with bodies larger than any buffer stays in order', async () => {
  const { port } = await proxyTo(await app(echo));
  const body = 'y'.repeat(70_000);
  const one = `POST /n HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answer = await talk(port, [one.repeat(20) + GET_CLOSE]);
  assert.equal(count(answer, 'HTTP/1.1 200'), 21);
});

const REFUSED: readonly (readonly [string, string, number])[] = [
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', 400],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a length that is none', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx', 400],
  ['another coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501],
  ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n', 400],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\n', 400],
  ['a bare line feed', 'GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n', 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a null byte', 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n', 400],
  ['a request line that is none', 'hello\r\n\r\n', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\n', 505],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501],
  ['chunks that are none', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
  [
    'a chunk longer than it says',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
    400,
  ],
  ['a head without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}`, 431],
];

test('what can be understood in two ways is refused, and the connection closed', async () => {
  const { port } = await proxyTo(await app(echo));
  for (const [what, request, status] of REFUSED) {
    const answer = await talk(port, [request]);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*Connection: close`), what);
    assert.equal(count(answer, 'HTTP/1.1'), 1, what);
  }
  assert.match(await talk(port, [GET_CLOSE]), /200 OK/);
});

test('HTTP/1.0 clients get a length or the end of the connection', async () => {
  const { port } = await proxyTo(
    await app((request, response) => {
      if (request.url === '/stream') {
        response.write('a');
        setImmediate(() => response.end('b'));
      } else response.setHeader('content-length', 5).end('whole');
    }),
  );
  const stream = await talk(port, ['GET /stream HTTP/1.0\r\n\r\n']);
  assert.match(stream, /\r\n\r\nab$/);
  const kept = await talk(port, [
    'GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
  ]);
  assert.equal(count(kept, 'whole'), 2);
  assert.match(kept, /Connection: keep-alive/i);
});

const ANSWERS: readonly (readonly [string, string, boolean, RegExp, boolean])[] = [
  [
    'HTTP/1.0 with a length',
    'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    true,
    /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nok$/,
    false,
  ],
  ['until it closes', 'HTTP/1.1 200 OK\r\n\r\nuntil the end', true, /until the end$/, false],
  ['no reason', 'HTTP/1.1 204\r\n\r\n', false, /^HTTP\/1\.1 204 /, false],
  [
    'informed first',
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    false,
    /103 Early Hints[\s\S]*200 OK[\s\S]*x$/,
    false,
  ],
  ['nothing', '', true, /^HTTP\/1\.1 502/, true],
  ['no HTTP', 'SSH-2.0-x\r\n\r\n', false, /^HTTP\/1\.1 502/, true],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    false,
    /^HTTP\/1\.1 502/,
    true,
  ],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', true, /half$/, true],
  [
    'half a chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nha',
    true,
    /2\r\nha\r\n$/,
    true,
  ],
  ['an error', 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', false, /^HTTP\/1\.1 503 No/, true],
];

test('apps answer in many ways', async () => {
  for (const [what, answer, close, expected, failed] of ANSWERS) {
    const { port, seen } = await proxyTo(await rawApp(answer, close));
    // A POST, so that nothing is tried again.
    const text = await talk(port, [
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    ]);
    assert.match(text, expected, what);
    assert.deepEqual([...new Set(seen.answers.map((one) => one.failed))], [failed], what);
  }
});

test('HEAD and 304 have lengths without bodies', async () => {
  const { port } = await proxyTo(
    await app((request, response) => {
      if (request.method !== 'HEAD') response.statusCode = 304;
      response.setHeader('content-length', '100');
      response.end();
    }),
  );
  const answer = await talk(port, ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', GET_CLOSE]);
  assert.equal(count(answer.toLowerCase(), 'content-length: 100'), 2);
  assert.equal(count(answer, 'HTTP/1.1 '), 2);
});

test('a client that waits for 100 Continue gets it, and one that is refused before its body is not read on', async () => {
  const { port } = await proxyTo(
    await app((request, response) => {
      if (request.url === '/no') {
        response.statusCode = 413;
        response.end('too much');
      } else echo(request, response);
    }),
  );
  const waiting = await new Promise<string>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
    );
    socket.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.endsWith('100 Continue\r\n\r\n')) socket.write('ok');
    });
    socket.once('close', () => resolve(text));
  });
  assert.match(waiting, /^HTTP\/1\.1 100 Continue[\s\S]*HTTP\/1\.1 200 OK[\s\S]*"body":"ok"/);
  const refused = await talk(port, ['POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin']);
  assert.match(refused, /^HTTP\/1\.1 413[\s\S]*Connection: close[\s\S]*too much/);
});

test('large bodies pass both ways no faster than they are read', async () => {
  const size = 8 * 1024 * 1024;
  const { port } = await proxyTo(
    await app((request, response) => {
      response.setHeader('content-type', 'application/octet-stream');
      request.pipe(response);
    }),
  );
  const got = await new Promise<number>((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST' }, (response) => {
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes % 7 === 0) {
          response.pause();
          setImmediate(() => response.resume());
        }
      });
      response.once('end', () => resolve(bytes));
    });
    request.once('error', reject);
    request.end(Buffer.alloc(size, 1));
  });
  assert.equal(got, size);
});

/** The smallest thing that changes protocols: says back what it hears. */
const upgrading = (): net.Server => {
  const server = http.createServer();
  server.on('upgrade', (request, socket: net.Socket, head: Buffer) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade ?? ''}\r\nSec-WebSocket-Accept: x\r\n\r\n`,
    );
    socket.write(head);
    socket.on('data', (data) => socket.write(data));
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
  });
  return server;
};

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

test('websockets pass, and are cut off when their release has to end', async () => {
  const { port, backends, seen } = await proxyTo(await listen(upgrading()));
  const answer = await talk(port, [`${UPGRADE}early`], (text) => text.endsWith('early'));
  assert.match(answer, /^HTTP\/1\.1 101 [\s\S]*Upgrade: websocket[\s\S]*early$/i);
  let drained: Promise<void> | undefined;
  const cut = await talk(port, [`${UPGRADE}again`], (text) => {
    if (text.endsWith('again')) drained ??= backends[0]!.drain(20);
    return false;
  });
  assert.match(cut, /again$/);
  await drained;
  assert.equal(backends[0]?.inFlight, 0);
  assert.deepEqual(
    seen.answers.map((one) => one.status),
    [101, 101],
  );
});

test('a connection that the app has closed in the meantime costs no request that may be repeated', async () => {
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    let asked = 0;
    socket.on('data', () => {
      // Answers once, and dies of the second request.
      if (++asked === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else socket.destroy();
    });
    socket.on('error', () => undefined);
  });
  const { port } = await proxyTo(await listen(server));
  const answer = await talk(port, [GET + GET + GET + GET_CLOSE]);
  assert.equal(count(answer, '200 OK'), 4);
  assert.equal(connections, 4);
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
  assert.match(
    await talk(port, [GET + post], (text) => text.includes('502')),
    /200 OK[\s\S]*502 Bad Gateway/,
  );
});

/** Seconds that the app announces, how long the connection was idle in milliseconds, whether it is used again. */
const KEPT: readonly (readonly [number | undefined, number, boolean])[] = [
  [undefined, 800, true],
  [undefined, 1_000, false],
  [5, 2_000, true],
  [5, 2_500, false],
  [0, 0, false],
  [600, 29_000, true],
  [600, 30_000, false],
];

test('a connection is kept well short of the time that the app announces', async () => {
  const { backends } = await proxyTo(await app(echo));
  const [backend] = backends;
  assert.ok(backend);
  for (const [announced, idleMs, used] of KEPT) {
    const connection = backend.connect(true);
    backend.keep(connection, announced);
    connection.idleSince -= idleMs;
    const next = backend.connect(false);
    assert.equal(next === connection, used, `${announced} s announced, ${idleMs} ms idle`);
    next.drop();
  }
});

test('what was never sent is sent elsewhere', async () => {
  const dead = await app(echo);
  const living = await app(echo);
  const { port, backends } = await proxyTo(1, living);
  assert.notEqual(dead, living);
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
  const answer = await talk(port, [post.repeat(6) + GET_CLOSE]);
  assert.equal(count(answer, '200 OK'), 7);
  assert.equal(count(answer, 'X-Modelyard-Release: r2'), 7);
  assert.equal(backends[0]?.inFlight, 0);
});

test('a kept connection that the app has reset before anything was sent costs no request', async () => {
  const reset: (() => void)[] = [];
  let asked = 0;
  const server = net.createServer((socket) => {
    reset.push(() => socket.resetAndDestroy());
    socket.on('data', () => {
      asked++;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const { port, seen } = await proxyTo(await listen(server));
  // Asked when the head was read and nothing is sent yet: the proxy can't have seen the end of the connection.
  seen.wants = () => {
    reset.splice(0).forEach((now) => now());
    return false;
  };
  const body = 'x'.repeat(20_000);
  const post = (text: string): string =>
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const answer = await talk(port, [GET + post('{}') + GET + post(body) + GET_CLOSE]);
  assert.equal(count(answer, '200 OK'), 5);
  assert.ok(asked >= 5);
});

test('without a process that is ready the answer is 503, and the connection stays', async () => {
  const { port, proxy, seen } = await proxyTo(await app(echo));
  proxy.router.set([]);
  const answer = await talk(port, [GET + GET_CLOSE]);
  assert.equal(count(answer, '503 Service Unavailable'), 2);
  assert.match(answer, /Retry-After: 1/);
  assert.deepEqual(seen.answers, Array(2).fill({ release: undefined, status: 503, failed: true }));
});

test('a client that goes away takes its request along', async () => {
  let closed: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const { port, backends, seen } = await proxyTo(
    await app((request, response) => {
      request.once('close', () => closed());
      response.write('begun');
    }),
  );
  await talk(port, [GET], (text) => text.includes('begun'));
  await gone;
  assert.equal(backends[0]?.inFlight, 0);
  assert.equal(seen.abortedCount, 1);
});

test('the traffic is moved to another release between two requests of one connection', async () => {
  const { port, proxy, backends } = await proxyTo(await app(echo), await app(echo));
  const [one, two] = backends as [(typeof backends)[0], (typeof backends)[0]];
  proxy.router.set([{ weight: 100, backends: [one] }]);
  const text = await new Promise<string>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let all = '';
    let moved = false;
    socket.write(GET);
    socket.on('data', (data: Buffer) => {
      all += data.toString();
      if (moved || !all.includes('"body"')) return;
      moved = true;
      proxy.router.set([{ weight: 100, backends: [two] }]);
      void one.drain(1000).then(() => socket.write(GET_CLOSE));
    });
    socket.once('close', () => resolve(all));
  });
  assert.deepEqual(
    [...text.matchAll(/Modelyard-Release: (\w+)/g)].map((match) => match[1]),
    ['r1', 'r2'],
  );
});

test('a share of the traffic is exact', async () => {
  const { proxy, backends } = await proxyTo(1, 2);
  const [one, two] = backends as [(typeof backends)[0], (typeof backends)[0]];
  const cases = [
    [90, 10],
    [1, 99],
    [100, 0],
    [50, 50],
  ] as const;
  for (const [first, second] of cases) {
    proxy.router.set([
      { weight: first, backends: [one] },
      { weight: second, backends: [two] },
    ]);
    const picked = Array.from({ length: 100 }, () => proxy.router.pick());
    assert.deepEqual(
      [picked.filter((each) => each === one).length, picked.filter((each) => each === two).length],
      [first, second],
    );
  }
});

test('JSON requests are kept with their answers, without chunks', async () => {
  const { port, seen } = await proxyTo(await app(echo));
  seen.sampling = true;
  const chunked =
    'POST /p HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{"a":1\r\n1\r\n}\r\n0\r\n\r\n';
  await talk(port, [chunked + GET_CLOSE]);
  const [sample] = seen.samples;
  assert.equal(seen.samples.length, 1);
  assert.ok(sample);
  assert.equal(sample.request.toString(), '{"a":1}');
  assert.match(sample.response.toString(), /^\{"method":"POST"/);
});

test('closing lets answers under way end and takes no new ones', async () => {
  let answer: () => void = () => undefined;
  const { port, proxy } = await proxyTo(
    await app((_request, response) => {
      answer = () => response.end('late');
      response.write('early ');
    }),
  );
  let closed: Promise<void> | undefined;
  const text = await talk(port, [GET], (all) => {
    if (all.includes('early') && closed === undefined) {
      closed = proxy.close(5_000);
      answer();
    }
    return false;
  });
  assert.match(text, /early [\s\S]*late/);
  await closed;
});
