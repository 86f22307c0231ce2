import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs, {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { HashIndex } from '../../../server/stores/content/hash-index.js';
import { escapePath, hashOf, parseListing, unescapePath } from '../../../server/stores/content/hash.js';
import { mimeOf } from '../../../server/stores/disk/mime.js';
import { layoutOf } from '../../../server/stores/layout.js';

function project(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-hash-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const sha = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Makes a file look as if it had been written long ago: its entry may then be remembered. */
function age(file: string, seconds = 10): void {
  const then = Date.now() / 1000 - seconds + 0.123456;
  utimesSync(file, then, then);
}

/** Waits until the clock has left the tick in which the files were changed: only then are their hashes remembered. */
async function settle(...files: string[]): Promise<void> {
  const tick = Math.max(...files.map((file) => statSync(file).ctimeMs)) + 25;
  while (Date.now() < tick) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('files: small and large, now and in turns', async (t) => {
  const root = project(t);
  for (const content of [
    '',
    'a',
    'é\n'.repeat(1000),
    Buffer.alloc(1024 * 1024, 1),
    Buffer.alloc(3_500_000, 2),
  ]) {
    const file = path.join(root, 'file');
    writeFileSync(file, content);
    const index = () => new HashIndex(layoutOf(root));
    const expected = {
      ok: true,
      kind: 'file',
      hash: sha(content),
      bytes: Buffer.byteLength(content),
      executable: false,
    };
    assert.deepEqual(index().hash(file), expected);
    assert.deepEqual(await index().hashAsync(file), expected);
    assert.deepEqual(await index().rehash(file), expected);
  }
});

test('a folder is the hash of its sorted listing', async (t) => {
  const root = project(t);
  const folder = path.join(root, 'out');
  const put = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  put('b.txt', 'b');
  put('a/deep/x', 'x');
  put('a.txt', 'a');
  put('with\nnewline', 'n');
  put('back\\slash', 's');
  mkdirSync(path.join(folder, 'empty'));
  writeFileSync(path.join(root, 'outside'), 'o');
  symlinkSync('b.txt', path.join(folder, 'inside-link'));
  symlinkSync('../outside', path.join(folder, 'outside-link'));
  symlinkSync('nowhere at all', path.join(folder, 'dangling'));
  symlinkSync('.', path.join(folder, 'loop'));
  symlinkSync('self', path.join(folder, 'self'));
  chmodSync(path.join(folder, 'a.txt'), 0o755);
  const listing = [
    `${sha('a')} a.txt`,
    `${sha('x')} a/deep/x`,
    `${sha('b')} b.txt`,
    `${sha('s')} back\\\\slash`,
    'link:nowhere%20at%20all dangling',
    'folder: empty/',
    'link:b.txt inside-link',
    'link:. loop',
    `link:..%2Foutside@${sha('o')} outside-link`,
    'link:self self',
    `${sha('n')} with\\nnewline`,
  ];
  const text = listing.map((line) => `${line}\n`).join('');
  const index = new HashIndex(layoutOf(root));
  const hashed = index.hash(folder);
  assert.ok(hashed.ok && hashed.kind === 'folder', JSON.stringify(hashed));
  assert.equal(hashed.listing, text);
  assert.equal(hashed.hash, sha(text));
  assert.deepEqual([hashed.files, hashed.bytes, hashed.executables], [5, 5, ['a.txt']]);
  assert.deepEqual(await index.hashAsync(folder), hashed);
  const parsed = parseListing(text);
  assert.deepEqual(parsed.at(-1), { kind: 'file', path: 'with\nnewline', hash: sha('n') });
  assert.deepEqual(parsed[4], { kind: 'link', path: 'dangling', target: 'nowhere at all' });
  assert.deepEqual(parsed[5], { kind: 'folder', path: 'empty' });
  assert.deepEqual(parsed[8], { kind: 'link', path: 'outside-link', target: '../outside' });
  for (const name of ['plain', 'a\nb', 'a\\nb', '\\', '\n\\n'])
    assert.equal(unescapePath(escapePath(name)), name);

  writeFileSync(path.join(root, 'outside'), 'changed');
  const changed = index.hash(folder);
  assert.ok(changed.ok && changed.hash !== hashed.hash, 'a task would read what a link leads to');
  const top = path.join(root, 'top-link');
  symlinkSync('out', top);
  const linked = index.hash(top);
  assert.ok(linked.ok && linked.hash === changed.hash, 'the path itself may be a link');
});

test('what has no content is refused as a value', async (t) => {
  const root = project(t);
  const index = new HashIndex(layoutOf(root));
  const check = async (target: string, reason: string) => {
    for (const hashed of [index.hash(target), await index.hashAsync(target)]) {
      assert.ok(!hashed.ok, target);
      assert.equal(hashed.reason, reason);
      assert.ok(hashed.message.includes(path.basename(target)), hashed.message);
    }
  };
  await check(path.join(root, 'none'), 'missing');
  writeFileSync(path.join(root, 'file'), '');
  await check(path.join(root, 'file/below'), 'missing');
  if (process.platform === 'win32') return;
  const folder = path.join(root, 'folder');
  mkdirSync(folder);
  execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  await check(path.join(folder, 'fifo'), 'special');
  const inFolder = index.hash(folder);
  assert.ok(!inFolder.ok && inFolder.reason === 'special');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path.join(root, 'socket'), resolve));
  await check(path.join(root, 'socket'), 'special');
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(path.join(root, 'big'), Buffer.alloc(2 * 1024 * 1024));
  const cancelled = await index.hashAsync(path.join(root, 'big'), AbortSignal.abort());
  assert.ok(!cancelled.ok && cancelled.reason === 'cancelled');
});

test('an unchanged file is not read again, a changed one is', async (t) => {
  const root = project(t);
  const layout = layoutOf(root);
  const file = path.join(root, 'data "quoted" \\ é\n.csv');
  writeFileSync(file, 'one');
  age(file);
  await settle(file);
  const first = new HashIndex(layout);
  assert.equal(first.known(file), undefined);
  assert.equal(first.unknownBytes(file), 3);
  first.hash(file);
  assert.equal(first.known(file)?.hash, sha('one'));
  assert.equal(first.save(), undefined);
  const again = () => new HashIndex(layout);
  assert.deepEqual(again().known(file), { hash: sha('one'), bytes: 3 });
  assert.equal(again().unknownBytes(file), 0);

  const check = (what: string, change: () => void) => {
    change();
    assert.equal(again().known(file), undefined, what);
    const hashed = again().hash(file);
    assert.ok(hashed.ok && hashed.hash === sha(readFileSync(file)), what);
  };
  const { atimeMs, mtimeMs } = statSync(file);
  check('size', () => {
    writeFileSync(file, 'three');
    utimesSync(file, atimeMs / 1000, mtimeMs / 1000);
  });
  check('time', () => {
    writeFileSync(file, 'two');
  });
  check('nothing but the change time', () => {
    const { atimeMs: read, mtimeMs: written } = statSync(file);
    writeFileSync(file, 'owt');
    utimesSync(file, read / 1000, written / 1000);
  });
  check('inode', () => {
    writeFileSync(`${file}2`, 'six');
    utimesSync(`${file}2`, atimeMs / 1000, mtimeMs / 1000);
    renameSync(`${file}2`, file);
  });
});

test('what was hashed within a tick of its change is not trusted, until it was read again', async (t) => {
  const root = project(t);
  const file = path.join(root, 'file');
  writeFileSync(file, 'one');
  const future = Date.now() / 1000 + 3600;
  utimesSync(file, future, future);
  const index = new HashIndex(layoutOf(root));
  index.hash(file);
  assert.equal(index.known(file), undefined);
  index.save();
  assert.equal(new HashIndex(layoutOf(root)).known(file), undefined);

  age(file, 0.05);
  const fresh = new HashIndex(layoutOf(root));
  writeFileSync(file, 'two');
  fresh.hash(file);
  const tick = statSync(file).mtimeMs + 25;
  while (Date.now() < tick) await new Promise((resolve) => setTimeout(resolve, 5));
  fresh.save();
  assert.equal(new HashIndex(layoutOf(root)).known(file)?.hash, sha('two'));
});

test('a whole second in the time means a coarse clock', (t) => {
  const root = project(t);
  const file = path.join(root, 'file');
  writeFileSync(file, 'one');
  const second = Math.floor(Date.now() / 1000);
  utimesSync(file, second, second);
  const index = new HashIndex(layoutOf(root));
  index.hash(file);
  if (Date.now() < second * 1000 + 1900) assert.equal(index.known(file), undefined);
});

test('two writers of the index are merged; a broken or missing index is made again', async (t) => {
  const root = project(t);
  const layout = layoutOf(root);
  const files = ['a', 'b', 'c'].map((name) => path.join(root, name));
  for (const file of files) {
    writeFileSync(file, file);
    age(file);
  }
  await settle(...files);
  const [a, b, c] = files as [string, string, string];
  const one = new HashIndex(layout);
  const two = new HashIndex(layout);
  one.hash(a);
  two.hash(b);
  two.hash(c);
  one.save();
  two.save();
  const all = new HashIndex(layout);
  assert.ok(files.every((file) => all.known(file) !== undefined));
  rmSync(b);
  all.prune();
  const text = readFileSync(path.join(layout.index, 'hashes'), 'utf8');
  assert.equal(text.trim().split('\n').length, 3);

  for (const broken of [
    '',
    'rubbish',
    text.slice(0, -20),
    text.replace(/^modelyard-hashes 2/, 'other 9'),
    '\0\0',
  ]) {
    writeFileSync(path.join(layout.index, 'hashes'), broken);
    const hashed = new HashIndex(layout).hash(c);
    assert.ok(hashed.ok && hashed.hash === sha(c));
  }
  rmSync(layout.index, { recursive: true });
  writeFileSync(layout.index, 'in the way');
  const blocked = new HashIndex(layout);
  blocked.hash(a);
  assert.match(blocked.save()?.message ?? '', /will be read again/);
});

test('what the index of 1,000 files knows is not read again', async (t) => {
  const root = project(t);
  const layout = layoutOf(root);
  const files = Array.from({ length: 1000 }, (_, n) => path.join(root, `file-${n}`));
  const index = new HashIndex(layout);
  for (const file of files) {
    writeFileSync(file, file);
    age(file);
  }
  await settle(...files);
  for (const file of files) index.hash(file);
  index.save();
  const again = new HashIndex(layout);
  again.known(files[0] ?? '');
  const read = t.mock.method(fs, 'readSync');
  const opened = t.mock.method(fs, 'openSync');
  for (const file of files) assert.ok(again.known(file) !== undefined);
  assert.equal(read.mock.callCount() + opened.mock.callCount(), 0);
});

test('media types', () => {
  const check = (file: string, expected: string) => assert.equal(mimeOf(file), expected, file);
  check('reports/train.html', 'text/html');
  check('A.JSON', 'application/json');
  check('models/rain', 'application/octet-stream');
  check('a.b/c', 'application/octet-stream');
  check('x.constructor', 'application/octet-stream');
  check('.csv', 'application/octet-stream');
  assert.equal(hashOf('a'), sha('a'));
});
