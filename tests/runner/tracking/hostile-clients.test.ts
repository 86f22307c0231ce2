/** Clients that mean harm, or are broken: each is refused or bounded, the next one is answered, and nothing of it is left. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import { TrackingClient } from '../../support/tracking.js';

const API = '/api/2.0/mlflow';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
/** How long a client may hold up nobody but itself. */
const PATIENCE_MS = 20_000;

interface Hostile {
  /** As it goes over the line; `{auth}`, `{host}` and `{run}` stand for what the client knows. */
  readonly bytes: string | Buffer;
  /** Of the first line of the answer; `closed`: the connection ends without one. */
  readonly answer: RegExp;
  /** Sends the end of its side as well. */
  readonly ends?: true;
}

const body = (text: string | Buffer, route = 'runs/log-batch', more = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${API}/${route} HTTP/1.1\r\nHost: {host}\r\n{auth}Content-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`,
    ),
    Buffer.from(text),
  ]);
const get = (target: string, more = '{auth}'): string =>
  `GET ${target} HTTP/1.1\r\nHost: {host}\r\n${more}\r\n`;
const put = (target: string, headers: string, data = ''): string =>
  `PUT ${ARTIFACTS}/${target} HTTP/1.1\r\nHost: {host}\r\n{auth}${headers}\r\n${data}`;
const many = (count: number): string =>
  Array.from({ length: count }, (_, at) => `{"key":"p${at}","value":"1"}`).join(',');
const search = (filter: string): Buffer =>
  body(JSON.stringify({ experiment_ids: ['0'], filter }), 'runs/search');

const CLIENTS: Readonly<Record<string, Hostile>> = {
  'no token': { bytes: get(`${API}/runs/get?run_id={run}`, ''), answer: / 401 / },
  'a token of 60,000 characters': {
    bytes: get(`${API}/runs/get?run_id={run}`, `Authorization: Bearer ${'x'.repeat(60_000)}\r\n`),
    answer: / 401 /,
  },
  'another name for this machine (DNS rebinding)': {
    bytes: get('/health').replace('{host}', 'evil.example:80'),
    answer: / 403 /,
  },
  'a page of another origin': {
    bytes: get('/health', '{auth}Origin: https://evil.example\r\n'),
    answer: / 403 /,
  },
  'a form of a page': {
    bytes: body('a=b').toString().replace('application/json', 'text/plain'),
    answer: / 400 /,
  },
  'a path upwards': {
    bytes: put('0/{run}/artifacts/../../../../x', 'Content-Length: 1\r\n', 'x'),
    answer: / 400 /,
  },
  'a path upwards, encoded': {
    bytes: put('0/{run}/artifacts/%2e%2e%2f%2e%2e%2fx', 'Content-Length: 1\r\n', 'x'),
    answer: / 400 /,
  },
  'a path with a NUL': {
    bytes: put('0/{run}/artifacts/a%00b', 'Content-Length: 1\r\n', 'x'),
    answer: / 400 /,
  },
  'a path that is no UTF-8': {
    bytes: put('0/{run}/artifacts/%ff%fe', 'Content-Length: 1\r\n', 'x'),
    answer: / 400 /,
  },
  'a run whose id is a path': { bytes: get(`${API}/runs/get?run_id=..%2F..%2F..%2Fetc`), answer: / 404 / },
  'an artifact of a petabyte': {
    bytes: put('0/{run}/artifacts/big', 'Content-Length: 1000000000000000\r\n', 'x'),
    answer: / (?:400|413|507) /,
  },
  '10 GB of an artifact, and gone after a few bytes': {
    bytes: put('0/{run}/artifacts/big', 'Content-Length: 10000000000\r\n', 'x'.repeat(65_536)),
    answer: /^closed$| 4\d\d /,
    ends: true,
  },
  'a million params': { bytes: body(`{"run_id":"{run}","params":[${many(1_000_000)}]}`), answer: / 413 / },
  'a hundred thousand params': {
    bytes: body(`{"run_id":"{run}","params":[${many(100_000)}]}`),
    answer: / 400 /,
  },
  'NaN as a bare word': {
    bytes: body('{"run_id":"{run}","metrics":[{"key":"k","value":NaN,"timestamp":1}]}'),
    answer: / 400 /,
  },
  'lists in lists, 200,000 deep': {
    bytes: body(`{"run_id":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
    answer: / (?:400|500) /,
  },
  'keys of prototypes': {
    bytes: body(
      '{"run_id":"{run}","tags":[{"key":"__proto__","value":"x"},{"key":"constructor","value":"y"}],"__proto__":{"run_id":"x"}}',
    ),
    answer: / 200 /,
  },
  'text that is no UTF-8': {
    bytes: body(
      Buffer.concat([Buffer.from('{"run_id":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')]),
    ),
    answer: / (?:400|404) /,
  },
  'a tag of ten million characters': {
    bytes: body(`{"run_id":"{run}","key":"big","value":"${'x'.repeat(10_000_000)}"}`, 'runs/set-tag'),
    answer: / 200 /,
  },
  'a compressed body': {
    bytes: body('\u001f\u008b', 'runs/log-batch', 'Content-Encoding: gzip\r\n'),
    answer: / 400 /,
  },
  'ten thousand headers': {
    bytes: get('/health', Array.from({ length: 10_000 }, (_, at) => `x-${at}: y\r\n`).join('')),
    answer: / 431 /,
  },
  'two lengths (request smuggling)': {
    bytes: `POST ${API}/runs/create HTTP/1.1\r\nHost: {host}\r\n{auth}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    answer: / 400 /,
  },
  'chunks that lie': {
    bytes: put('0/{run}/artifacts/lie', 'Transfer-Encoding: chunked\r\n', 'zzzz\r\nx\r\n'),
    answer: / 400 |^closed$/,
  },
  'no HTTP at all': {
    bytes: Buffer.from(Array.from({ length: 4_096 }, (_, at) => at % 256)),
    answer: / 400 |^closed$/,
  },
  'a tunnel': {
    bytes: 'CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n',
    answer: / 4\d\d |^closed$/,
  },
  'another protocol': {
    bytes: get('/health', '{auth}Connection: Upgrade\r\nUpgrade: websocket\r\n'),
    answer: / (?:200|4\d\d) |^closed$/,
  },
  'a filter of 100,000 comparisons': {
    bytes: search(Array.from({ length: 100_000 }, () => "params.a = 'b'").join(' AND ')),
    answer: / (?:200|400) /,
  },
  'a pattern of 20,000 wildcards': {
    bytes: search(`tags.big LIKE '${'%x'.repeat(20_000)}y'`),
    answer: / (?:200|400) /,
  },
  'a page far away': {
    bytes: body(
      `{"experiment_ids":["0"],"page_token":"${Buffer.from('{"offset": 999999999999999}').toString('base64')}"}`,
      'runs/search',
    ),
    answer: / 200 /,
  },
  'a range of nothing': {
    bytes: get(`${ARTIFACTS}/0/{run}/artifacts/kept`, '{auth}Range: bytes=99999999999999999999-\r\n'),
    answer: / (?:200|416) /,
  },
};

test(`${Object.keys(CLIENTS).length + 3} hostile clients`, async (t) => {
  const project = await TestProject.make();
  const client = await TrackingClient.start(project);
  const { hostname, port } = new URL(client.uri);
  const run = await client.run({ run_name: 'mine' });
  await client.put(`0/${run}/artifacts/kept`, 'kept');
  const filled = (bytes: Hostile['bytes']): Buffer => {
    const place = { host: `${hostname}:${port}`, auth: `Authorization: Bearer ${client.token}\r\n`, run };
    let text = Buffer.from(bytes).toString('latin1');
    for (const [name, value] of Object.entries(place)) text = text.replaceAll(`{${name}}`, value);
    // The length was counted with what stood for the id.
    const end = text.indexOf('\r\n\r\n');
    const [head, rest] = [text.slice(0, end), text.slice(end)];
    const length = rest.length - 4;
    const fixed =
      head.startsWith('POST') && !head.includes('chunked')
        ? head.replace(/Content-Length: \d+/, `Content-Length: ${length}`)
        : head;
    return Buffer.from(`${fixed}${rest}`, 'latin1');
  };
  const open = (): Socket => connect(Number(port), hostname).on('error', () => undefined);
  const firstLine = ({ bytes, ends }: Hostile): Promise<string> =>
    new Promise((done) => {
      const socket = open();
      let answer = '';
      const end = (): void => {
        clearTimeout(late);
        socket.destroy();
        done(answer === '' ? 'closed' : (answer.split('\r\n')[0] ?? ''));
      };
      const late = setTimeout(() => {
        answer = 'silent';
        end();
      }, PATIENCE_MS);
      socket.on('data', (piece) => {
        answer += piece.toString('latin1');
        if (answer.includes('\r\n')) end();
      });
      socket.on('close', end);
      if (ends === true) socket.end(filled(bytes));
      else socket.write(filled(bytes));
    });
  const alive = async (who: string): Promise<void> => {
    const begun = performance.now();
    const { tags = [] } = (
      (await client.expect('GET', `runs/get?run_id=${run}`)) as {
        run: { data: { tags?: readonly unknown[] } };
      }
    ).run.data;
    assert.ok(tags.length > 0 && performance.now() - begun < PATIENCE_MS, who);
  };
  try {
    for (const [who, hostile] of Object.entries(CLIENTS))
      await t.test(who, async () => {
        assert.match(await firstLine(hostile), hostile.answer);
        await alive(who);
      });
    await t.test('headers that never end, 50 times at once', async () => {
      const slow = Array.from({ length: 50 }, open);
      for (const socket of slow) socket.write('GET /health HTTP/1.1\r\nHost: x\r\nx-a: ');
      await alive('slow headers');
      for (const socket of slow) socket.destroy();
    });
    await t.test('bodies that never end, 50 times at once', async () => {
      const slow = Array.from({ length: 50 }, open);
      for (const socket of slow) socket.write(filled(body('x'.repeat(1_000))).subarray(0, -900));
      await alive('slow bodies');
      for (const socket of slow) socket.destroy();
    });
    await t.test('700 connections', async () => {
      const sockets = Array.from({ length: 700 }, open);
      await new Promise((done) => setTimeout(done, 500));
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => setTimeout(done, 200));
      await alive('many connections');
    });
    // The run has what the two that were answered have told, and its file; no other run, and no file that is half there.
    assert.deepEqual(await client.list(`0/${run}/artifacts`), ['kept']);
    const { runs = [] } = (await client.expect('POST', 'runs/search', { experiment_ids: ['0'] })) as {
      runs?: readonly unknown[];
    };
    assert.equal(runs.length, 1);
    assert.deepEqual(
      readdirSync(project.path('.modelyard'), { recursive: true, encoding: 'utf8' }).filter((file) =>
        /(?:^|\/)(?:temp|tmp)\/.*[^/]$/.test(file),
      ),
      [],
    );
  } finally {
    await client.stop();
  }
});
