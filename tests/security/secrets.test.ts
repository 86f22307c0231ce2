/** Secrets as real programs print them: none of it is left in what is kept. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Masks } from '../../server/stores/masks.js';
import { TestProject } from '../support/cli.js';
import { askPeer } from '../support/peers/peers.js';

const SECRETS: readonly string[] = [
  'sup3r&secret"k/y==',
  `it's "quoted" & <bold>`,
  'pässwörd€🔑',
  'a b+c/d%e?f=g#h:i@j;k,l$m!n*o(p)q[r]',
  'back\\slash\ttab`tick$HOME',
  'plain1234',
  "only'single",
  '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKjMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDu\n-----END KEY-----',
];

/** Each writing as a text of its own. */
const PYTHON = `
import sys, json, base64, html, urllib.parse, binascii, pprint, shlex, requests
s = json.load(sys.stdin)
b = s.encode()
quote = urllib.parse.quote
class E(Exception): pass
forms = {
  "str": s, "repr": repr(s), "list": repr([s]), "dict": repr({"k": s}), "ascii": ascii(s), "bytes": repr(b),
  "json": json.dumps(s), "json unicode": json.dumps(s, ensure_ascii=False), "json twice": json.dumps(json.dumps(s)),
  "json twice unicode": json.dumps(json.dumps({"k": s}, ensure_ascii=False), ensure_ascii=False),
  "json of repr": json.dumps(repr(s)), "pprint": pprint.pformat(s, width=10000), "exception": repr(E(s)),
  "b64": base64.b64encode(b).decode(), "b64url": base64.urlsafe_b64encode(b).decode(),
  "hex": b.hex(), "HEX": b.hex().upper(), "hexlify": binascii.hexlify(b).decode(),
  "quote": quote(s), "quote all": quote(s, safe=""), "quote_plus": urllib.parse.quote_plus(s),
  "urlencode": urllib.parse.urlencode({"k": s}), "lower": "".join("%" + x[:2].lower() + x[2:] if i else x for i, x in enumerate(quote(s, safe="").split("%"))),
  "html": html.escape(s), "html unquoted": html.escape(s, quote=False), "shlex": shlex.quote(s),
  "requests params": requests.Request("GET", "http://h/", params={"k": s}).prepare().url,
  "requests form": requests.Request("POST", "http://h/", data={"k": s}).prepare().body,
  "requests json": requests.Request("POST", "http://h/", json={"k": s}).prepare().body.decode(),
  "crlf": s.replace("\\n", "\\r\\n"),
}
for user in ("", "u", "us", "usr", "somebody"):
  forms["basic " + user] = "Authorization: Basic " + base64.b64encode((user + ":").encode() + b + b"!?").decode()
print(json.dumps(forms))
`;

const NODE = `
const util = require('node:util');
const s = process.env.SECRET;
const url = new URL('http://h/'); url.password = s; url.username = 'u';
// A URL loses tabs and line ends.
const query = new URL('http://h/?q=' + (/[\\t\\n]/.test(s) ? encodeURIComponent(s) : s.replaceAll('#', '%23')));
console.log(JSON.stringify({
  inspect: util.inspect(s), object: util.inspect({ k: s }), json: JSON.stringify({ k: s }), twice: JSON.stringify(JSON.stringify(s)),
  component: encodeURIComponent(s), uri: encodeURI(s), form: String(new URLSearchParams({ k: s })), user: url.href, query: query.href,
  base64: Buffer.from('x' + s).toString('base64'), url64: Buffer.from('xy' + s).toString('base64url'),
}));
`;

/** Whatever four characters in a row of the secret a reader could still make out, in any of the usual writings. */
function leak(masked: string, secret: string): string | undefined {
  const readings = [masked, masked.replace(/\\(.)/g, '$1')];
  try {
    readings.push(decodeURIComponent(masked.replaceAll('+', ' ')));
  } catch {
    // No percent-encoding.
  }
  for (const [word] of masked.matchAll(/[A-Za-z0-9+/_-]{6,}/g)) {
    for (let skip = 0; skip < 4; skip++) readings.push(Buffer.from(word.slice(skip), 'base64').toString());
    readings.push(Buffer.from(word, 'hex').toString());
  }
  for (let at = 0; at + 4 <= secret.length; at++) {
    const part = secret.slice(at, at + 4);
    if (part.trim().length === 4 && readings.some((reading) => reading.includes(part))) return part;
  }
  return undefined;
}

/** As it comes out of a stream that is written in pieces of these sizes. */
function throughStream(masks: Masks, text: string, size: number): string {
  const stream = masks.stream();
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(stream.push(bytes.subarray(at, at + size)));
  return Buffer.concat([...out, stream.end()]).toString();
}

function check(secret: string, forms: Readonly<Record<string, string>>): void {
  const masks = new Masks([secret]);
  for (const [name, text] of Object.entries(forms)) {
    const ways = [
      masks.text(text),
      throughStream(masks, `before ${text} after\n`, 7),
      throughStream(masks, text, 4096),
    ];
    for (const masked of ways) {
      assert.ok(masked.includes('***'), `${name} of ${secret} is not masked: ${masked}`);
      assert.equal(leak(masked, secret), undefined, `${name} of ${secret} leaves ${masked}`);
    }
  }
}

for (const secret of SECRETS) {
  test(`what Python and Node make of ${JSON.stringify(secret.slice(0, 20))} is masked`, () => {
    check(secret, askPeer(PYTHON, secret) as Record<string, string>);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', NODE], {
      env: { ...process.env, SECRET: secret },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    check(secret, JSON.parse(stdout) as Record<string, string>);
  });

  test(`what shells make of ${JSON.stringify(secret.slice(0, 20))} is masked`, () => {
    for (const shell of ['sh', 'bash']) {
      const script = 'set -x; : "$SECRET"; : "--key=$SECRET"; X="$SECRET"; : "$X" \'next\'';
      const { stderr, error } = spawnSync(shell, ['-c', script], {
        env: { PATH: process.env['PATH'], SECRET: secret, LC_ALL: 'C.UTF-8' },
        encoding: 'utf8',
      });
      if (error !== undefined) continue;
      check(secret, { [`${shell} -x`]: stderr });
    }
    const quoted = spawnSync('bash', ['-c', 'printf "%q" "$SECRET"'], {
      env: { PATH: process.env['PATH'], SECRET: secret, LC_ALL: 'C.UTF-8' },
      encoding: 'utf8',
    });
    if (quoted.error === undefined) check(secret, { '%q': quoted.stdout });
  });
}

/** What the encoders of languages that are not here make of one secret, as their documentation says. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'Gson’s JSON': String.raw`a\u0027b\"c\u003cd\u003e\u0026e\u003df+g~h/i:j@k#{l}*m`,
  'Jinja’s and Rails’ JSON': String.raw`a\u0027b\"c\u003cd\u003e\u0026e=f+g~h/i:j@k#{l}*m`,
  'Go’s JSON': String.raw`a'b\"c\u003cd\u003e\u0026e=f+g~h/i:j@k#{l}*m`,
  '.NET’s JSON': String.raw`a\u0027b\u0022c\u003Cd\u003E\u0026e=f\u002Bg~h/i:j@k#{l}*m`,
  'PHP’s JSON': String.raw`a'b\"c<d>&e=f+g~h\/i:j@k#{l}*m`,
  'Ruby’s inspect': String.raw`a'b\"c<d>&e=f+g~h/i:j@k\#{l}*m`,
  'PHP’s var_export': String.raw`a\'b"c<d>&e=f+g~h/i:j@k#{l}*m`,
  'PHP’s urlencode': 'a%27b%22c%3Cd%3E%26e%3Df%2Bg%7Eh%2Fi%3Aj%40k%23%7Bl%7D%2Am',
  'Java’s URLEncoder': 'a%27b%22c%3Cd%3E%26e%3Df%2Bg%7Eh%2Fi%3Aj%40k%23%7Bl%7D*m',
  'Go’s PathEscape': 'a%27b%22c%3Cd%3E&e=f+g~h%2Fi:j@k%23%7Bl%7D%2Am',
};

test('what other languages make of a secret is masked', () => {
  check(`a'b"c<d>&e=f+g~h/i:j@k#{l}*m`, ELSEWHERE);
});

test('what curl says of the secrets it sends is masked', async (t) => {
  const server = http.createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const secret of SECRETS.filter((one) => !one.includes('\n'))) {
    const child = spawn('curl', [
      ...[
        '-v',
        '-s',
        '-G',
        '-u',
        `me:${secret}`,
        '-H',
        `X-Key: ${secret}`,
        '--data-urlencode',
        `k=${secret}`,
      ],
      `http://127.0.0.1:${port}/`,
    ]);
    let text = '';
    child.stderr.on('data', (data: Buffer) => (text += data.toString()));
    const code = await new Promise<number>((resolve) => {
      child.once('error', () => resolve(-1));
      child.once('close', (ended) => resolve(ended ?? -1));
    });
    if (code === -1) return;
    const lines = text.split('\n').filter((line) => /Authorization: Basic|X-Key|k=/.test(line));
    assert.ok(lines.length >= 3, text);
    check(secret, Object.fromEntries(lines.map((line, index) => [`curl ${index}`, line])));
  }
});

test('what is too short to be masked is said', () => {
  assert.equal(Masks.warning({ A: 'long enough', B: '' }), undefined);
  assert.equal(
    Masks.warning({ A: 'abc', B: 'long enough' }),
    "the secret A: its value can't be masked in what is printed, having less than 4 characters",
  );
  assert.match(Masks.warning({ A: 'abc', B: 'x' }) ?? '', /^the secrets A, B: their values/);
});

test('a secret in what a task tells is masked wherever that is kept, and is the same for this run and the next', async (t) => {
  const secret = 'plain1234secret';
  const project = await TestProject.make(`tasks:
  tell:
    run: |
      echo "{\\"word\\": \\"$KEY\\", \\"$KEY\\": 1, \\"n\\": 2}" > m.json
      echo "KEY_$KEY: $KEY" > out.txt
    secrets: [KEY]
    outputs: { o: out.txt }
    metrics: m.json
  read: { run: 'echo \${{ tasks.tell.metrics.word }} \${{ tasks.tell.metrics.n }} > read.txt', outputs: { r: read.txt } }
  gate: { check: [tasks.tell.metrics.word == '***'] }
`);
  t.after(() => project.remove(''));
  const said: string[] = [];
  for (let run = 0; run < 2; run++) {
    const { stdout, stderr } = await project.expect(0, ['run', '--no-cache'], { env: { KEY: secret } });
    said.push(stdout + stderr, project.read('read.txt'));
    await project.expect(0, ['run'], { env: { KEY: secret } });
    project.remove('read.txt');
  }
  assert.deepEqual([said[1], said[3]], ['*** 2\n', '*** 2\n']);
  const memory = project.path('.modelyard');
  const kept = readdirSync(memory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    // Bytes of outputs are the task's own.
    .filter((file) => !file.includes(`${path.sep}objects${path.sep}`));
  for (const file of kept) assert.ok(!readFileSync(file, 'latin1').includes(secret), file);
  assert.ok(!said.join('').includes(secret));
});
