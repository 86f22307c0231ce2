/**
 * Hostile listings and archives at every door through which a folder reaches the disk: the cache, the registry, imports and
 * packages. Whatever happens, nothing outside of the folder is made or changed.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { DiskCache, entryPath } from '../../server/runner/cache/disk.js';
import { HashIndex } from '../../server/stores/content/hash-index.js';
import { hashOf } from '../../server/stores/content/hash.js';
import { shardedPath } from '../../server/stores/content/objects.js';
import { layoutOf } from '../../server/stores/layout.js';
import { BadListing, NewFolder, readListing } from '../../server/stores/content/listing.js';
import { PackageStore } from '../../server/stores/packages/store.js';
import { Registry } from '../../server/stores/registry/registry.js';
import { exportModel, importModel } from '../../server/stores/registry/transfer/transfer.js';
import { tarHeader } from '../../server/stores/registry/transfer/tar.js';

const EVIL = 'evil\n';
const HASH = hashOf(EVIL);
const file = (name: string): string => `${HASH} ${name}`;
const link = (target: string, name: string): string => `link:${encodeURIComponent(target)} ${name}`;
const deep = (levels: number): string => Array.from({ length: levels }, (_, n) => `d${n}`).join('/');
const up = (levels: number): string => Array.from({ length: levels }, () => '..').join('/');

/** What must not be laid out anywhere, by what it tries. */
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  'a parent': [file('../outside/evil')],
  'a parent below a folder': [file('a/../../outside/evil')],
  'a parent that comes back': [file('a/../b')],
  'an absolute path': [file('/tmp/modelyard-evil')],
  'an absolute path with two slashes': [file('//tmp/modelyard-evil')],
  'an absolute path of Windows': [file('C:\\evil')],
  'a share of Windows': [file('\\\\host\\share\\evil')],
  'a device path': [file('\\\\.\\PhysicalDrive0')],
  'a dot': [file('./evil')],
  'only a dot': [file('.')],
  'only a parent': [file('..')],
  'an empty path': [file('')],
  'an empty part': [file('a//evil')],
  'a slash at the end': [file('evil/')],
  'a NUL': [file('evil\0.txt')],
  'a NUL in a folder': [file('e\0/evil')],
  'a name of 5,000 bytes': [file('x'.repeat(5000))],
  'a thousand levels': [file(deep(1000))],
  'a file twice': [file('a'), file('a')],
  'a file and a link of one name': [file('a'), link('b', 'a')],
  'a link twice': [link('b', 'a'), link('c', 'a')],
  'a file below a file': [file('a'), file('a/evil')],
  'a file below a file, the other way round': [file('a/evil'), file('a')],
  'a folder and a file of one name': ['folder: a/', file('a')],
  'a folder in the place of a link': [link('b', 'a'), 'folder: a/'],
  'a file below a link': [link('..', 'a'), file('a/outside/evil')],
  'a file below a link that comes later': [file('a/outside/evil'), link('..', 'a')],
  'a file far below a link': [link('..', 'a'), file('a/outside/x/y/evil')],
  'a folder below a link': [link('..', 'a'), 'folder: a/outside/evil/'],
  'a link below a link': [link('..', 'a'), link('x', 'a/outside/evil')],
  'a file below a link to a folder inside': ['folder: b/', link('b', 'a'), file('a/evil')],
  'a link out': [link('../outside/secret', 'a')],
  'a link to the folder above': [link('..', 'a')],
  'a link out from below': ['folder: b/', link('../../outside', 'b/a')],
  'a link to an absolute path': [link('/etc/passwd', 'a')],
  'a link to an absolute path of Windows': [link('C:\\Windows', 'a')],
  'a link to a share': [link('\\\\host\\share', 'a')],
  'a link to a drive': [link('c:evil', 'a')],
  'a link with backslashes': [link('..\\outside', 'a')],
  'a link of nothing': [link('', 'a')],
  'a link with a NUL': [link('b\0c', 'a')],
  'a link that climbs through a link': [
    `folder: ${deep(3)}/`,
    link(up(3), `${deep(3)}/x`),
    link(`${deep(3)}/x/..`, 'l'),
  ],
  'the chain that was found': [
    link(up(3), `${deep(3)}/d`),
    link(`${deep(3)}/d/${up(3)}`, 'l'),
    file('l/evil'),
  ],
  'the chain that was found, without the file': [
    link(up(3), `${deep(3)}/d`),
    link(`${deep(3)}/d/${up(3)}`, 'l'),
  ],
  'a chain of 23 levels': [
    link(up(23), `${deep(23)}/x`),
    link(`${deep(23)}/x/${up(23)}`, 'zz'),
    file('zz/tmp/modelyard-evil'),
  ],
  'a chain over two links': [link('.', 'a'), link('a/..', 'b')],
  'a chain over a link to the folder itself': ['folder: s/', link('..', 's/a'), link('s/a/..', 'b')],
  'a chain where case does not count': ['folder: s/', link('..', 's/Up'), link('s/up/..', 'b')],
  'a chain of twenty links': [
    ...Array.from({ length: 20 }, (_, n) => link(n === 19 ? '..' : `l${n + 1}`, `l${n}`)),
  ],
  'a dangling way out': [link('nowhere/../../outside/secret', 'a')],
  'a target with a line that is none': [link('b', 'a'), 'nonsense'],
  'no listing': ['<html>'],
  'a hash that is none': ['sha256:xyz evil'],
  'a hash that is a path': [`sha256:../../../outside/secret evil`],
  'a short hash': [`sha256:${'a'.repeat(63)} evil`],
  'a target that can not be decoded': ['link:%E0%A4%A a'],
  'a link with a hash that is none': ['link:b@../../x a'],
  'a line of nothing': ['', file('a')],
  'no space': ['folder:a'],
};

/** Besides, what must not come from another machine. */
const UNPORTABLE: Readonly<Record<string, readonly string[]>> = {
  'names that differ by case': [file('Readme'), file('README')],
  'folders that differ by case': [file('a/x'), file('A/y')],
  'a file and a folder that differ by case': [file('a'), file('A/y')],
  'a link and a folder that differ by case': [link('b', 'a'), file('A/evil')],
  'names that differ by how an accent is written': [file('caf\u00e9'), file('cafe\u0301')],
  'a device': [file('con')],
  'a device with an extension': [file('aux.txt')],
  'a device in capitals below a folder': [file('a/NUL')],
  'a numbered device': [file('com1.log')],
  'a backslash': [file('a\\\\evil')],
  'a backslash and a parent': [file('..\\\\outside\\\\evil')],
  'a stream': [file('a:stream')],
  'a drive': [file('c:evil')],
  'a dot at the end': [file('evil.')],
  'a space at the end': [file('evil ')],
  'a folder with a space at the end': [file('evil /x')],
};

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

interface Place {
  readonly base: string;
  readonly root: string;
  /** Everything beside the project is as it was. */
  readonly untouched: (what: string) => void;
}

function place(t: TestContext): Place {
  const base = mkdtempSync(path.join(os.tmpdir(), 'modelyard-hostile-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const root = path.join(base, 'project');
  mkdirSync(path.join(base, 'outside'));
  mkdirSync(root);
  writeFileSync(path.join(base, 'outside', 'secret'), 'secret');
  const seen = (): string[] =>
    readdirSync(base, { recursive: true, withFileTypes: true })
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((name) => !name.startsWith(root + path.sep))
      .sort();
  const before = seen();
  return {
    base,
    root,
    untouched(what) {
      assert.deepEqual(seen(), before, what);
      assert.equal(readFileSync(path.join(base, 'outside', 'secret'), 'utf8'), 'secret', what);
      assert.ok(!existsSync('/tmp/modelyard-evil'), what);
    },
  };
}

/** Whether a link of the folder, followed by the kernel, leads out of it. */
function leaves(folder: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => {
    const one = path.join(entry.parentPath, entry.name);
    return lstatSync(one).isSymbolicLink() && path.isAbsolute(readlinkSync(one));
  });
}

test(`${Object.keys(HOSTILE).length} listings are refused, and again when they are laid out`, (t) => {
  const { root, untouched } = place(t);
  for (const [what, lines] of Object.entries(HOSTILE)) {
    assert.throws(() => readListing(text(lines)), BadListing, what);
  }
  for (const [what, lines] of Object.entries(UNPORTABLE)) {
    assert.throws(() => readListing(text(lines), { portable: true }), BadListing, what);
  }
  // One that was read under other rules, or changed since.
  const entries = readListing(text([link('../outside/secret', 'a')]).replace(' a', `@${HASH} a`), {
    outside: true,
  });
  assert.throws(() => new NewFolder(path.join(root, 'x'), entries), BadListing);
  const made = new NewFolder(path.join(root, 'y'), entries, { outside: true });
  assert.throws(() => made.finish(() => false), BadListing);
  assert.throws(() => made.finish(), BadListing);
  untouched('laid out');
});

test('a folder that is replaced while it is filled is not written through', (t) => {
  const { root, base, untouched } = place(t);
  const made = new NewFolder(path.join(root, 'x'), readListing(text([file('a/b')])));
  rmSync(path.join(root, 'x/a'), { recursive: true });
  symlinkSync(path.join(base, 'outside'), path.join(root, 'x/a'));
  assert.throws(() => made.place('a/b'), BadListing);
  untouched('replaced');
});

test('the cache restores none of them, and its entry is gone', async (t) => {
  const { root, untouched } = place(t);
  const layout = layoutOf(root);
  for (const [what, lines] of Object.entries(HOSTILE)) {
    const listing = text(lines);
    for (const content of [EVIL, listing]) {
      const object = shardedPath(layout.objects, hashOf(content).slice('sha256:'.length));
      mkdirSync(path.dirname(object), { recursive: true });
      rmSync(object, { force: true });
      writeFileSync(object, content);
    }
    const fingerprint = hashOf(what);
    const output = { path: 'out', kind: 'folder', hash: hashOf(listing), bytes: 5, files: 1 };
    write(entryPath(layout, fingerprint), entry(fingerprint, [output]));
    const cache = new DiskCache(layout, new HashIndex(layout));
    const applied = await cache.lookup(fingerprint)?.apply();
    assert.ok(applied?.ok === false && applied.reason === 'damaged', `${what}: ${JSON.stringify(applied)}`);
    assert.equal(cache.lookup(fingerprint), undefined, what);
    assert.ok(!existsSync(path.join(root, 'out')), what);
    untouched(what);
  }
});

function entry(fingerprint: string, outputs: readonly object[]): string {
  const head = { schema: 1, fingerprint, createdAt: '', runId: 'r', taskId: 't' };
  return JSON.stringify({ ...head, outputs, data: { artifacts: [], metrics: {} } });
}

function write(target: string, content: string): void {
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
}

test('entries of the cache that name a place outside, or are no entries, are none', async (t) => {
  const { root, base, untouched } = place(t);
  const layout = layoutOf(root);
  write(shardedPath(layout.objects, HASH.slice('sha256:'.length)), EVIL);
  symlinkSync(path.join(base, 'outside'), path.join(root, 'linked'));
  const outputs: readonly unknown[] = [
    ...[
      '../outside/secret',
      '/tmp/modelyard-evil',
      'a/../../outside/secret',
      '.git/hooks/post-checkout',
      '.modelyard/x',
      '',
      '.',
      '..',
      'a\0b',
      '.GIT/config',
    ].map((one) => ({ path: one, kind: 'file', hash: HASH, bytes: 5 })),
    { path: 'linked/secret', kind: 'file', hash: HASH, bytes: 5 },
    { path: 'linked/new/evil', kind: 'file', hash: HASH, bytes: 5 },
    { path: 'a', kind: 'device', hash: HASH, bytes: 5 },
    { path: 'a', kind: 'file', hash: '../../../../outside/secret', bytes: 5 },
    { path: 'a', kind: 'file', hash: HASH, bytes: '5' },
    { path: 'a', kind: 'file', hash: HASH, bytes: 5, mode: '0777' },
    { path: 'a', kind: 'folder', hash: HASH, bytes: 5, modes: { files: 1 } },
    { path: ['a'], kind: 'file', hash: HASH, bytes: 5 },
    null,
    'a',
  ];
  for (const [index, output] of outputs.entries()) {
    const fingerprint = hashOf(`entry ${index}`);
    write(entryPath(layout, fingerprint), entry(fingerprint, [output as object]));
    const cache = new DiskCache(layout, new HashIndex(layout));
    const applied = await cache
      .lookup(fingerprint)
      ?.apply({ makeWay: (one) => rmSync(path.join(root, one)) });
    assert.ok(applied?.ok !== true, JSON.stringify(output));
    untouched(JSON.stringify(output));
  }
});

test('what may not be set on a file is not: setuid and the like', async (t) => {
  const { root } = place(t);
  const layout = layoutOf(root);
  write(shardedPath(layout.objects, HASH.slice('sha256:'.length)), EVIL);
  const fingerprint = hashOf('setuid');
  write(
    entryPath(layout, fingerprint),
    entry(fingerprint, [{ path: 'a', kind: 'file', hash: HASH, bytes: 5, mode: 0o6755 }]),
  );
  const cache = new DiskCache(layout, new HashIndex(layout));
  assert.equal((await cache.lookup(fingerprint)?.apply())?.ok, true);
  assert.equal(lstatSync(path.join(root, 'a')).mode & 0o7777, 0o755);
});

test('the registry lays none of them out, and imports none', async (t) => {
  const { root, untouched } = place(t);
  const own = Registry.open(root);
  write(path.join(root, 'm/a'), EVIL);
  const made = await own.register({ name: 'm', artifact: { file: path.join(root, 'm'), path: 'm' } });
  assert.ok(made.ok);
  const exported = path.join(root, 'exported');
  assert.ok((await exportModel(own, { name: 'm', to: exported })).ok);
  const manifest = readFileSync(path.join(exported, 'modelyard-model.json'), 'utf8');
  const old = made.version.artifact.hash;
  const history = readFileSync(path.join(exported, 'history.ndjson'), 'utf8');
  for (const [what, lines] of [...Object.entries(HOSTILE), ...Object.entries(UNPORTABLE)]) {
    const listing = text(lines);
    const hash = hashOf(listing);
    const folder = path.join(root, 'hostile');
    rmSync(folder, { recursive: true, force: true });
    const changed = history.replaceAll(old, hash);
    const files = [
      { name: 'history.ndjson', hash: hashOf(changed), bytes: Buffer.byteLength(changed) },
      { name: `objects/${hash.slice('sha256:'.length)}`, hash, bytes: Buffer.byteLength(listing) },
      { name: `objects/${HASH.slice('sha256:'.length)}`, hash: HASH, bytes: EVIL.length },
    ];
    write(path.join(folder, 'history.ndjson'), changed);
    write(path.join(folder, files[1]!.name), listing);
    write(path.join(folder, files[2]!.name), EVIL);
    const document = JSON.parse(manifest.replaceAll(old, hash)) as Record<string, unknown>;
    write(path.join(folder, 'modelyard-model.json'), JSON.stringify({ ...document, files }));
    const registry = Registry.open(path.join(root, 'other'));
    const imported = await importModel(registry, folder);
    assert.ok(!imported.ok && imported.error.code === 'DAMAGED', `${what}: ${JSON.stringify(imported)}`);
    assert.match(imported.error.message, /can't be laid out|is not JSON/, what);
    untouched(what);
  }
  // What has come in on another way is checked again when it is laid out.
  for (const [what, lines] of Object.entries(HOSTILE)) {
    const hash = own.objects.putBytes(Buffer.from(text(lines)));
    const read = await own.objects.read({ hash, files: 1 });
    assert.ok(!read.ok && read.error.code === 'DAMAGED', what);
    untouched(what);
  }
});

test('packages lay out none of them', (t) => {
  const { root, untouched } = place(t);
  const store = PackageStore.open(root);
  const paths = [...Object.entries(HOSTILE), ...Object.entries(UNPORTABLE)].filter(([, lines]) =>
    lines.every((line) => line.startsWith(`${HASH} `)),
  );
  assert.ok(paths.length > 30);
  for (const [what, lines] of paths) {
    const names = lines.map((line) => line.slice(HASH.length + 1).replaceAll('\\\\', '\\'));
    const sources = names.map((name) => ({ path: name, file: path.join(root, 'x') }));
    writeFileSync(path.join(root, 'x'), EVIL);
    const settings = { name: 'app', entrypoint: 'true', setup: [], health: {}, env: {}, secrets: [] };
    const added = store.add({ settings, sources });
    assert.ok(!added.ok, what);
    const blocks = names.flatMap((name) => {
      try {
        return [tarHeader(name, EVIL.length), Buffer.from(EVIL.padEnd(512, '\0'))];
      } catch {
        return [];
      }
    });
    const archive = Buffer.concat([...blocks, Buffer.alloc(1024)]);
    const hash = hashOf(archive);
    const object = store.objects.pathOf(hash);
    mkdirSync(path.dirname(object), { recursive: true });
    writeFileSync(object, archive);
    const files = names.map((name) => ({ path: name, hash: HASH, bytes: EVIL.length }));
    const text = JSON.stringify({ schema: 1, ...settings, files, archive: { hash, bytes: archive.length } });
    const manifest = hashOf(text);
    mkdirSync(path.dirname(store.objects.pathOf(manifest)), { recursive: true });
    writeFileSync(store.objects.pathOf(manifest), text);
    const folder = path.join(root, 'laid out');
    rmSync(folder, { recursive: true, force: true });
    const version = {
      name: 'app',
      version: '1',
      hash,
      manifest,
      bytes: 1,
      files: 1,
      entrypoint: '',
      createdAt: '',
      createdBy: '',
    };
    const extracted = store.extract(version, folder);
    assert.ok(!extracted.ok, what);
    assert.ok(!existsSync(folder) || !leaves(folder), what);
    untouched(what);
  }
  for (const files of [
    null,
    'x',
    [null],
    [{ path: 5 }],
    [{ path: 'a', hash: HASH, bytes: -1 }],
    [{ path: 'a' }],
  ]) {
    const text = JSON.stringify({ schema: 1, files });
    const manifest = hashOf(text);
    mkdirSync(path.dirname(store.objects.pathOf(manifest)), { recursive: true });
    writeFileSync(store.objects.pathOf(manifest), text);
    const version = {
      name: 'app',
      version: '1',
      hash: HASH,
      manifest,
      bytes: 1,
      files: 1,
      entrypoint: '',
      createdAt: '',
      createdBy: '',
    };
    const extracted = store.extract(version, path.join(root, 'other'));
    assert.ok(!extracted.ok && extracted.error.code === 'DAMAGED', text);
  }
});

/** A header that says what ours never says. */
function header(name: string, size: number, change: (block: Buffer) => void): Buffer {
  const block = tarHeader('x', size);
  block.fill(0, 0, 100);
  block.write(name, 0, 100, 'latin1');
  change(block);
  block.write('        ', 148);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const type = (letter: string) => (block: Buffer) => void block.write(letter, 156);
const keep = (): void => undefined;
const body = Buffer.from(EVIL.padEnd(512, '\0'));
const end = Buffer.alloc(1024);

const ARCHIVES: Readonly<Record<string, Buffer>> = {
  ...Object.fromEntries(
    [
      '../evil',
      '/tmp/modelyard-evil',
      'objects/../../evil',
      './modelyard-model.json',
      'a\\..\\evil',
      'objects/x',
      'C:\\evil',
    ].map((name) => [`a file ${name}`, Buffer.concat([header(name, EVIL.length, keep), body, end])]),
  ),
  ...Object.fromEntries(
    Object.entries({
      'a hard link': '1',
      'a link': '2',
      'a device': '3',
      'a block device': '4',
      'a folder': '5',
      'a pipe': '6',
      'an extended header': 'x',
      'a global header': 'g',
      'a long name of GNU': 'L',
      'a long link of GNU': 'K',
      'a sparse file': 'S',
    }).map(([what, letter]) => [what, Buffer.concat([header('evil', 0, type(letter)), end])]),
  ),
  'a file twice': Buffer.concat([header('a', 5, keep), body, header('a', 5, keep), body, end]),
  'a size that is too large': Buffer.concat([header('a', 0o777777777, keep), body]),
  'a size that is none': Buffer.concat([
    header('a', 5, (block) => void block.write('-0000000001', 124)),
    body,
    end,
  ]),
  'a prefix': Buffer.concat([header('evil', 5, (block) => void block.write('..', 345)), body, end]),
  'a wrong sum': Buffer.concat([tarHeader('a', 5).fill('9', 148, 154), body, end]),
  'something compressed': Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(1022)]),
  nothing: Buffer.alloc(0),
  'only zeros': Buffer.alloc(1024),
};

test(`${Object.keys(ARCHIVES).length} archives are not imported`, async (t) => {
  const { root, untouched } = place(t);
  for (const [what, bytes] of Object.entries(ARCHIVES)) {
    const archive = path.join(root, 'm.tar');
    writeFileSync(archive, bytes);
    chmodSync(archive, 0o600);
    const imported = await importModel(Registry.open(path.join(root, 'other')), archive);
    assert.ok(!imported.ok, what);
    untouched(what);
  }
});

test('what a listing of ours says is laid out as it was', (t) => {
  const { root } = place(t);
  const lines = [
    file('a/b/c'),
    'folder: empty/inner/',
    link('a/b', 'inside'),
    link('../a', 'a/back'),
    link('..', 'a/up'),
    link('nowhere', 'dangling'),
    link('loop', 'loop'),
    link('two', 'one'),
    link('one', 'two'),
    link('inside/c', 'through'),
  ];
  const made = new NewFolder(path.join(root, 'x'), readListing(text(lines)));
  for (const { path: one } of made.files) writeFileSync(made.place(one), EVIL);
  made.finish();
  assert.equal(readFileSync(path.join(root, 'x/through'), 'utf8'), EVIL);
  assert.equal(readlinkSync(path.join(root, 'x/a/back')), '../a');
  assert.ok(lstatSync(path.join(root, 'x/empty/inner')).isDirectory());
});
