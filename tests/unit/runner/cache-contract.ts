/** What every cache has to do. Each implementation runs this suite. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type { Cache } from '../../../server/runner/cache/cache.js';
import { HashIndex } from '../../../server/stores/content/hash-index.js';
import { hashOf } from '../../../server/stores/content/hash.js';
import { layoutOf } from '../../../server/stores/layout.js';

export interface Bench {
  readonly root: string;
  readonly cache: Cache;
  put(file: string, content: string | Buffer): void;
  text(file: string): string;
  /** Options of `apply` that let it replace what is in the way. */
  readonly over: { makeWay(file: string): void };
  /** Stores these paths as they are now. */
  store(name: string, ...paths: string[]): ReturnType<Cache['store']>;
}

export const fingerprint = (name: string) => hashOf(`fingerprint of ${name}`);

export function bench(t: TestContext, make: (root: string) => Cache): Bench {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-cache-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const cache = make(root);
  return {
    root,
    cache,
    put(file, content) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), content);
    },
    text: (file) => readFileSync(path.join(root, file), 'utf8'),
    over: { makeWay: (file) => rmSync(path.join(root, file), { recursive: true }) },
    store: (name, ...paths) =>
      cache.store({
        fingerprint: fingerprint(name),
        runId: 'run',
        taskId: name,
        outputs: paths.map((file) => {
          const hashed = new HashIndex(layoutOf(root)).hash(path.join(root, file));
          assert.ok(hashed.ok, file);
          return { path: file, hash: hashed.hash };
        }),
        data: { artifacts: [], metrics: { accuracy: 0.8 } },
      }),
  };
}

const LARGE = Buffer.alloc(3 * 1024 * 1024, 'large ');

export function contract(name: string, make: (root: string) => Cache): void {
  const check = (what: string, body: (b: Bench, t: TestContext) => Promise<void>) =>
    test(`${name}: ${what}`, (t) => body(bench(t, make), t));

  check('what was stored comes back, with its data', async (b) => {
    assert.equal(b.cache.lookup(fingerprint('train')), undefined);
    b.put('models/rain.json', 'model');
    b.put('large.bin', LARGE);
    b.put('run me.sh', '#!/bin/sh');
    b.put('empty', '');
    chmodSync(path.join(b.root, 'run me.sh'), 0o755);
    const paths = ['models/rain.json', 'large.bin', 'run me.sh', 'empty'];
    const stored = await b.store('train', ...paths);
    assert.ok(stored.ok, JSON.stringify(stored));
    for (const file of paths) rmSync(path.join(b.root, file));
    rmSync(path.join(b.root, 'models'), { recursive: true });
    const hit = b.cache.lookup(fingerprint('train'));
    assert.ok(hit);
    assert.deepEqual(hit.entry, stored.entry);
    assert.deepEqual(
      [hit.entry.data, hit.entry.runId, hit.entry.taskId],
      [{ artifacts: [], metrics: { accuracy: 0.8 } }, 'run', 'train'],
    );
    assert.ok(!readdirSync(b.root).includes('large.bin'), 'a lookup changes nothing');
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: paths });
    assert.equal(b.text('models/rain.json'), 'model');
    assert.ok(readFileSync(path.join(b.root, 'large.bin')).equals(LARGE));
    assert.equal(statSync(path.join(b.root, 'run me.sh')).mode & 0o100, 0o100);
    assert.equal(statSync(path.join(b.root, 'models/rain.json')).mode & 0o300, 0o200);
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: [] }, 'what is there is left alone');
  });

  check('changed, replaced and missing outputs are put right, others are left', async (b) => {
    b.put('a', 'a');
    b.put('b', 'b');
    await b.store('train', 'a', 'b');
    const hit = b.cache.lookup(fingerprint('train'))!;
    b.put('a', 'X');
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: ['a'] });
    rmSync(path.join(b.root, 'a'));
    b.put('a/in the way', 'x');
    rmSync(path.join(b.root, 'b'));
    symlinkSync('a', path.join(b.root, 'b'));
    assert.deepEqual(await hit.apply({ ...b.over, only: ['a'] }), { ok: true, restored: ['a'] });
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: ['b'] });
    assert.ok(lstatSync(path.join(b.root, 'b')).isFile());
    assert.deepEqual([b.text('a'), b.text('b')], ['a', 'b']);
    chmodSync(path.join(b.root, 'a'), 0o755);
    assert.deepEqual(
      await hit.apply(b.over),
      { ok: true, restored: ['a'] },
      'permissions are put right, too',
    );
  });

  check('folders: empty ones, links, what may be executed, odd names', async (b) => {
    b.put('out/a/deep/file', 'deep');
    b.put('out/-rf "x" é\nline', 'odd');
    b.put('out/same', 'deep');
    b.put('out/big', LARGE);
    mkdirSync(path.join(b.root, 'out/empty/inner'), { recursive: true });
    symlinkSync('a/deep', path.join(b.root, 'out/link'));
    symlinkSync('nowhere', path.join(b.root, 'out/dangling'));
    chmodSync(path.join(b.root, 'out/same'), 0o755);
    const stored = await b.store('folder', 'out');
    assert.ok(stored.ok && stored.entry.outputs[0]?.files === 4, JSON.stringify(stored));
    rmSync(path.join(b.root, 'out'), { recursive: true });
    b.put('out/left over', 'x');
    const hit = b.cache.lookup(fingerprint('folder'))!;
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: ['out'] });
    assert.deepEqual(readdirSync(path.join(b.root, 'out')).sort(), [
      '-rf "x" é\nline',
      'a',
      'big',
      'dangling',
      'empty',
      'link',
      'same',
    ]);
    assert.equal(b.text('out/link/file'), 'deep');
    assert.equal(readlinkSync(path.join(b.root, 'out/dangling')), 'nowhere');
    assert.ok(statSync(path.join(b.root, 'out/empty/inner')).isDirectory());
    assert.equal(statSync(path.join(b.root, 'out/same')).mode & 0o100, 0o100);
    assert.equal(statSync(path.join(b.root, 'out/a/deep/file')).mode & 0o100, 0);
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: [] });
    chmodSync(path.join(b.root, 'out/same'), 0o644);
    assert.deepEqual(await hit.apply(b.over), { ok: true, restored: ['out'] });
  });

  check('an empty folder is an output like any other', async (b) => {
    mkdirSync(path.join(b.root, 'out'));
    assert.ok((await b.store('empty', 'out')).ok);
    rmSync(path.join(b.root, 'out'), { recursive: true });
    const hit = b.cache.lookup(fingerprint('empty'));
    assert.deepEqual(await hit?.apply(b.over), { ok: true, restored: ['out'] });
    assert.deepEqual(readdirSync(path.join(b.root, 'out')), []);
  });

  check('changing a restored or stored output does not change the cache', async (b) => {
    for (const content of ['small', LARGE]) {
      b.put('out', content);
      await b.store('train', 'out');
      await b.cache.release(['out']);
      b.put('out', 'changed in place');
      const hit = b.cache.lookup(fingerprint('train'))!;
      assert.deepEqual(await hit.apply(b.over), { ok: true, restored: ['out'] });
      await b.cache.release(['out']);
      assert.ok(readFileSync(path.join(b.root, 'out')).equals(Buffer.from(content)));
      b.put('out', 'changed again');
      assert.deepEqual(await hit.apply({ ...b.over, verify: true }), { ok: true, restored: ['out'] });
      assert.ok(readFileSync(path.join(b.root, 'out')).equals(Buffer.from(content)));
      await b.cache.release(['out']);
    }
  });

  check('content that is not what was recorded is not stored', async (b) => {
    for (const content of ['small', LARGE]) {
      b.put('out', content);
      const stored = await b.cache.store({
        fingerprint: fingerprint('other'),
        runId: 'run',
        taskId: 'train',
        outputs: [{ path: 'out', hash: hashOf('something else') }],
        data: { artifacts: [], metrics: {} },
      });
      assert.ok(!stored.ok && stored.reason === 'changed' && stored.message.includes('out changed'));
      assert.equal(b.cache.lookup(fingerprint('other')), undefined);
    }
    const missing = await b.cache.store({
      fingerprint: fingerprint('other'),
      runId: 'run',
      taskId: 'train',
      outputs: [{ path: 'none', hash: hashOf('') }],
      data: { artifacts: [], metrics: {} },
    });
    assert.ok(!missing.ok && missing.reason === 'missing');
  });

  check('the same outputs under many fingerprints, stored at once', async (b) => {
    b.put('out', LARGE);
    b.put('small', 'x');
    const stored = await Promise.all(
      Array.from({ length: 8 }, (_, n) => b.store(`task ${n % 4}`, 'out', 'small')),
    );
    assert.ok(stored.every((one) => one.ok));
    rmSync(path.join(b.root, 'out'));
    for (let n = 0; n < 4; n++) {
      const hit = b.cache.lookup(fingerprint(`task ${n}`));
      assert.ok((await hit?.apply(b.over))?.ok);
    }
    const hash = hashOf('x');
    assert.equal(readFileSync(b.cache.locate(hash)!, 'utf8'), 'x');
    assert.equal(b.cache.locate(hashOf('y')), undefined);
  });

  check('what is in the way is replaced by nobody who was not told to', async (b) => {
    b.put('out', 'a');
    await b.store('train', 'out');
    b.put('out', 'by hand');
    const applied = await b.cache.lookup(fingerprint('train'))?.apply();
    assert.ok(applied?.ok === false && applied.reason === 'failed', JSON.stringify(applied));
    assert.match(applied.message, /out is in the way/);
    assert.equal(b.text('out'), 'by hand');
  });

  check('permissions come back as they were', async (b) => {
    b.put('key', 'secret');
    chmodSync(path.join(b.root, 'key'), 0o600);
    b.put('big', LARGE);
    chmodSync(path.join(b.root, 'big'), 0o640);
    b.put('out/a', 'a');
    b.put('out/sub/private', 'p');
    b.put('out/sub/deep/run', 'r');
    const modes: Record<string, number> = {
      key: 0o600,
      big: 0o640,
      'out/a': 0o666,
      'out/sub/private': 0o400,
      'out/sub/deep/run': 0o755,
      'out/sub/deep': 0o555,
      'out/sub': 0o750,
      out: 0o700,
    };
    for (const [file, mode] of Object.entries(modes)) chmodSync(path.join(b.root, file), mode);
    assert.ok((await b.store('modes', 'key', 'big', 'out')).ok);
    for (const file of ['key', 'big', 'out']) rmSync(path.join(b.root, file), { recursive: true });
    const applied = await b.cache.lookup(fingerprint('modes'))?.apply(b.over);
    assert.deepEqual(applied, { ok: true, restored: ['key', 'big', 'out'] });
    for (const [file, mode] of Object.entries(modes)) {
      assert.equal((statSync(path.join(b.root, file)).mode & 0o777).toString(8), mode.toString(8), file);
    }
    assert.equal(statSync(b.cache.locate(hashOf('secret'))!).mode & 0o077, 0, 'nor is the copy for others');
    assert.deepEqual(await b.cache.lookup(fingerprint('modes'))?.apply(b.over), { ok: true, restored: [] });
  });

  check('restoring can be cancelled', async (b) => {
    b.put('out', LARGE);
    await b.store('train', 'out');
    await b.cache.release(['out']);
    b.put('out', 'mine');
    const result = await b.cache.lookup(fingerprint('train'))?.apply({ signal: AbortSignal.abort() });
    assert.ok(result !== undefined && !result.ok && result.reason === 'cancelled');
    assert.equal(b.text('out'), 'mine');
  });
}
