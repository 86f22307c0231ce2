import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { DiskCache } from '../../../../server/runner/cache/disk.js';
import { HashIndex } from '../../../../server/stores/content/hash-index.js';
import { hashOf } from '../../../../server/stores/content/hash.js';
import { layoutOf } from '../../../../server/stores/layout.js';
import { bench, contract, fingerprint } from '../cache-contract.js';

const MB = 1024 * 1024;

function disk(linkFrom: number) {
  return (root: string) => {
    const layout = layoutOf(root);
    return new DiskCache(layout, new HashIndex(layout), { linkFrom });
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Stores entries until it is killed; the name of each is written when it is stored. */
async function storeForever(root: string): Promise<void> {
  const layout = layoutOf(root);
  const cache = new DiskCache(layout, new HashIndex(layout));
  const prefix = `${process.pid}`;
  mkdirSync(path.join(root, prefix));
  for (let n = 0; ; n++) {
    const outputs = ['small', 'large'].map((name) => {
      const content = Buffer.alloc(name === 'small' ? 1000 : 1.2 * MB, `${prefix} ${n} ${name}`);
      writeFileSync(path.join(root, prefix, name), content);
      return { path: `${prefix}/${name}`, hash: hashOf(content) };
    });
    const name = `${prefix} ${n}`;
    const stored = await cache.store({
      fingerprint: fingerprint(name),
      runId: 'r',
      taskId: 't',
      outputs,
      data: { artifacts: [], metrics: {} },
    });
    if (!stored.ok) throw new Error(stored.message);
    writeSync(1, `${name}\n`);
  }
}

function tests(): void {
  contract('copying', disk(Infinity));
  contract('linking', disk(2 * MB));

  const damaged = (
    what: string,
    content: Buffer,
    linkFrom: number,
    harm: (object: string, t: TestContext) => void,
  ) =>
    test(`a damaged object is a miss, and is gone: ${what}`, async (t) => {
      const b = bench(t, disk(linkFrom));
      b.put('out', content);
      await b.store('train', 'out');
      const object = b.cache.locate(hashOf(content))!;
      assert.equal(statSync(object).mode & 0o222, 0, 'objects are read-only');
      const hit = b.cache.lookup(fingerprint('train'))!;
      rmSync(path.join(b.root, 'out'));
      harm(object, t);
      const applied = await hit.apply();
      assert.ok(!applied.ok && applied.reason === 'damaged', JSON.stringify(applied));
      assert.match(applied.message, /The cache's copy of out can't be used: .*The task runs again/);
      assert.equal(b.cache.lookup(fingerprint('train')), undefined);
      assert.equal(b.cache.locate(hashOf(content)), undefined);
      assert.ok(!readdirSync(b.root).includes('out'));
      b.put('out', content);
      await b.store('train', 'out');
      rmSync(path.join(b.root, 'out'));
      assert.ok((await b.cache.lookup(fingerprint('train'))?.apply(b.over))?.ok, 'and can be stored again');
    });
  const overwrite = (object: string) => {
    const bytes = readFileSync(object);
    bytes.write('X', bytes.length - 1);
    chmodSync(object, 0o666);
    writeFileSync(object, bytes);
  };
  const large = Buffer.alloc(3 * MB, 'large ');
  damaged('small, changed', Buffer.from('small'), Infinity, overwrite);
  damaged('small, removed', Buffer.from('small'), Infinity, (object) => rmSync(object));
  damaged('large, changed', large, Infinity, overwrite);
  damaged('large and linked, changed', large, 2 * MB, overwrite);
  damaged('cut off', large, Infinity, (object) => {
    chmodSync(object, 0o666);
    writeFileSync(object, large.subarray(0, 1000));
  });

  test('entries that can’t be used are misses', async (t) => {
    const b = bench(t, disk(Infinity));
    b.put('out', 'x');
    await b.store('train', 'out');
    const [entry] = filesBelow(path.join(b.root, '.modelyard/cache/entries'));
    const text = readFileSync(entry!, 'utf8');
    for (const content of [
      '',
      '{',
      'null',
      '[]',
      '{"schema":1}',
      text.replace('"schema":1', '"schema":2'),
      '\0',
    ]) {
      writeFileSync(entry!, content);
      assert.equal(b.cache.lookup(fingerprint('train')), undefined, content);
    }
    writeFileSync(entry!, text);
    assert.ok(b.cache.lookup(fingerprint('train')));
    assert.throws(() => b.cache.lookup('../../etc/passwd'), /not a hash/);
  });

  test('large files on both sides of a link are read-only until they are released', async (t) => {
    const b = bench(t, disk(2 * MB));
    b.put('out', large);
    await b.store('train', 'out');
    const out = path.join(b.root, 'out');
    const object = b.cache.locate(hashOf(large))!;
    if (statSync(object).nlink === 1) {
      t.skip('the file system has reflinks');
      return;
    }
    assert.equal(statSync(out).ino, statSync(object).ino);
    assert.equal(statSync(out).mode & 0o222, 0);
    await b.cache.release(['out', 'none']);
    assert.notEqual(statSync(out).ino, statSync(object).ino);
    assert.equal(statSync(out).mode & 0o200, 0o200);
    assert.ok(readFileSync(out).equals(large));
    await b.cache.release(['out']);
    assert.ok(statSync(out).isFile(), 'what is not shared is left alone');
  });

  test('two processes store until they are killed, 25 times: no half entry, no acknowledged entry lost', async (t) => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-cache-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const acknowledged: string[] = [];
    const one = async () => {
      const env: NodeJS.ProcessEnv = { ...process.env, MODELYARD_TEST_CACHE: root };
      delete env['NODE_TEST_CONTEXT'];
      const child = spawn(process.execPath, [__filename], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      const first = new Promise<void>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          out += chunk;
          resolve();
        });
      });
      const closed = new Promise((resolve) => child.on('close', resolve));
      await first;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      child.kill('SIGKILL');
      await closed;
      acknowledged.push(...out.split('\n').slice(0, -1));
    };
    for (let round = 0; round < 25; round++) await Promise.all([one(), one()]);
    const layout = layoutOf(root);
    const cache = new DiskCache(layout, new HashIndex(layout));
    for (const name of acknowledged) assert.ok(cache.lookup(fingerprint(name)), name);
    for (const object of filesBelow(layout.objects)) {
      assert.equal(hashOf(readFileSync(object)).slice(7), path.basename(object));
    }
    const entries = filesBelow(layout.entries).filter((file) => file.endsWith('.json'));
    assert.ok(entries.length >= acknowledged.length);
    for (const file of entries) {
      const hit = cache.lookup(`sha256:${path.basename(file, '.json')}`);
      assert.ok(hit, file);
    }
    t.diagnostic(`${acknowledged.length} entries were acknowledged, ${entries.length} are there`);
  });

  test('a full disk: the run goes on uncached, no half entry', async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-full-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]).status !== 0) {
      t.skip('needs the right to mount a small tmpfs');
      return;
    }
    try {
      const layout = layoutOf(folder);
      const index = new HashIndex(layout);
      const cache = new DiskCache(layout, index);
      const content = Buffer.alloc(2.5 * MB, 'x');
      writeFileSync(path.join(folder, 'large'), content);
      writeFileSync(path.join(folder, 'small'), 'small');
      const store = (name: string, hash: string) =>
        cache.store({
          fingerprint: fingerprint(name),
          runId: 'r',
          taskId: name,
          outputs: [{ path: name, hash }],
          data: { artifacts: [], metrics: {} },
        });
      const full = await store('large', hashOf(content));
      assert.ok(
        !full.ok && full.reason === 'failed' && full.message.includes('the disk is full'),
        JSON.stringify(full),
      );
      assert.equal(cache.lookup(fingerprint('large')), undefined);
      assert.deepEqual(readdirSync(layout.temp), []);
      assert.ok((await store('small', hashOf('small'))).ok, 'what fits is stored');
      writeFileSync(path.join(folder, 'filler'), Buffer.alloc(1.2 * MB));
      assert.throws(() => writeFileSync(path.join(folder, 'filler2'), Buffer.alloc(MB)));
      const hit = cache.lookup(fingerprint('small'))!;
      rmSync(path.join(folder, 'small'));
      const applied = await hit.apply();
      assert.ok(applied.ok || (applied.reason === 'failed' && !readdirSync(folder).includes('small')));
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  });

  test('a small output costs little', async (t) => {
    const b = bench(t, disk(Infinity));
    const index = new HashIndex(layoutOf(b.root));
    const names = Array.from({ length: 400 }, (_, n) => `out/${n}`);
    for (const name of names) b.put(name, `content of ${name}`);
    const begin = performance.now();
    for (const name of names) {
      const hashed = index.hash(path.join(b.root, name));
      assert.ok(hashed.ok);
      const outputs = [{ path: name, hash: hashed.hash }];
      const stored = await b.cache.store({
        fingerprint: fingerprint(name),
        runId: 'r',
        taskId: name,
        outputs,
        data: { artifacts: [], metrics: {} },
      });
      assert.ok(stored.ok);
    }
    const each = (performance.now() - begin) / names.length;
    t.diagnostic(`${each.toFixed(3)} ms to hash and store`);
    const again = performance.now();
    for (const name of names) assert.ok(b.cache.lookup(fingerprint(name)));
    t.diagnostic(`${((performance.now() - again) / names.length).toFixed(3)} ms to look up`);
    assert.ok(each < 10);
  });
}

const child = process.env['MODELYARD_TEST_CACHE'];
if (child === undefined) tests();
else void storeForever(child);
