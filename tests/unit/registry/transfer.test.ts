/** Models that travel: round trips, and exports that are refused whole. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type { Registry } from '../../../server/stores/registry/registry.js';
import { exportModel, importModel } from '../../../server/stores/registry/transfer/transfer.js';
import { add, file, newRegistry, refused, tempFolder, value } from './support.js';

async function source(t: TestContext): Promise<Registry> {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'one', {
    fingerprint: 'f1',
    metrics: { accuracy: 0.7 },
    aliases: ['production'],
    who: 'ada@there',
  });
  await add(registry, 'rain', 'two', {
    fingerprint: 'f2',
    aliases: ['candidate', 'production'],
    reason: 'better',
  });
  file(registry.root, 'folder/MLmodel', 'flavors:\n  onnx: {}\n');
  file(registry.root, 'folder/data/w.bin', 'weights');
  value(
    await registry.register({
      name: 'rain',
      artifact: { file: path.join(registry.root, 'folder'), path: 'folder' },
    }),
  );
  value(registry.describe('rain', 'Will it rain?'));
  value(registry.setTag('rain', 'team', 'weather', { version: '2' }));
  value(registry.rollback('rain', 'production', { reason: 'worse after all' }));
  return registry;
}

for (const form of ['folder', 'tar']) {
  test(`a model goes to another project as a ${form} and is the same there`, async (t) => {
    const from = await source(t);
    const to = path.join(tempFolder(t), form === 'tar' ? 'rain.tar' : 'rain');
    const exported = value(await exportModel(from, { name: 'rain', to }));
    assert.deepEqual(exported.versions, ['1', '2', '3']);
    refused(await exportModel(from, { name: 'rain', to }), 'RESOURCE_ALREADY_EXISTS');
    refused(await exportModel(from, { name: 'nothing', to: `${to}2` }), 'RESOURCE_DOES_NOT_EXIST');
    const other = newRegistry(t);
    const imported = value(await importModel(other, to, { reason: 'for a test' }));
    assert.deepEqual(
      imported.versions.map((one) => `${one.from}→${one.to} ${one.as}`),
      ['1→1 new', '2→2 new', '3→3 new'],
    );
    const strip = (registry: Registry, version: string): object => ({
      ...value(registry.version('rain', version)).version,
      importedFrom: undefined,
      updatedAt: '',
    });
    for (const version of ['1', '2', '3']) assert.deepEqual(strip(other, version), strip(from, version));
    const [a, b] = [value(from.model('rain')).model, value(other.model('rain')).model];
    assert.deepEqual(
      [b.aliases, b.tags, b.description, b.counts, b.nextVersion],
      [a.aliases, a.tags, a.description, a.counts, a.nextVersion],
    );
    const told = (registry: Registry): object[] =>
      value(registry.history('rain'))
        .entries.filter(({ action }) => action !== 'imported')
        .map(({ action, at, who, reason }) => ({ action, at, who, reason }));
    assert.deepEqual(told(other), told(from));
    const read = value(await other.readArtifact('rain', '3'));
    assert.equal(readFileSync(path.join(read.path, 'data/w.bin'), 'utf8'), 'weights');
    assert.equal(readFileSync(value(await other.readArtifact('rain', 'production')).path, 'utf8'), 'one');
    // A second time nothing is new.
    const again = value(await importModel(other, to));
    assert.ok(again.versions.every(({ as }) => as === 'same'));
    assert.equal(value(other.history('rain', { limit: 1000 })).entries.length, told(from).length + 1);
    value(await importModel(other, to, { as: 'Rain copy' }));
    assert.equal(
      value(other.version('Rain copy', 'production')).version.artifact.hash,
      a.recent[2]?.artifact.hash,
    );
  });
}

test('into a model that is there: taken numbers become new ones, taken aliases stay', async (t) => {
  const from = await source(t);
  const to = path.join(tempFolder(t), 'rain.tar');
  value(await exportModel(from, { name: 'rain', to }));
  const other = newRegistry(t);
  await add(other, 'rain', 'ours', { fingerprint: 'f0', aliases: ['production'] });
  await add(other, 'rain', 'two', { fingerprint: 'f2' });
  const imported = value(await importModel(other, to));
  assert.deepEqual(
    imported.versions.map((one) => `${one.from}→${one.to} ${one.as}`),
    ['1→3 renumbered', '2→2 same', '3→4 renumbered'],
  );
  assert.deepEqual(imported.keptAliases, ['production']);
  assert.deepEqual(value(other.model('rain')).model.aliases, { production: '1', candidate: '2' });
  assert.deepEqual(value(other.version('rain', '3')).version.importedFrom, { name: 'rain', version: '1' });
  const [last] = value(other.history('rain', { limit: 1 })).entries;
  assert.ok(last?.action === 'imported' && last.history !== undefined);
  const kept = path.join(other.root, '.modelyard/models/rain/imports', last.history);
  assert.equal(
    readFileSync(kept, 'utf8').trim().split('\n').length,
    value(from.history('rain')).entries.length,
  );
});

test('one version alone keeps its number, and what it leaves behind is not pointed to', async (t) => {
  const from = await source(t);
  const to = path.join(tempFolder(t), 'one');
  value(await exportModel(from, { name: 'rain', versions: ['2'], to }));
  const other = newRegistry(t);
  value(await importModel(other, to));
  assert.deepEqual(
    value(other.versions('rain')).versions.map((one) => one.version),
    ['2'],
  );
  assert.deepEqual(value(other.model('rain')).model.aliases, { candidate: '2' });
  assert.equal((await add(other, 'rain', 'next')).version, '3');
  assert.equal(value(other.rollback('rain', 'production')).to, '2');
  refused(other.rollback('rain', 'production'), 'CONFLICT', /version 1 before.*no version 1/);
});

test('damaged, hostile and escaping exports are refused whole', async (t) => {
  const from = await source(t);
  const place = tempFolder(t);
  const tar = path.join(place, 'rain.tar');
  const folder = path.join(place, 'rain');
  value(await exportModel(from, { name: 'rain', to: tar }));
  value(await exportModel(from, { name: 'rain', to: folder }));
  const bytes = readFileSync(tar);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'modelyard-model.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const outside = path.join(place, 'outside');
  mkdirSync(outside);

  const sealed = (block: Buffer): Buffer => {
    block.write('        ', 148);
    let sum = 0;
    for (const byte of block.subarray(0, 512)) sum += byte;
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return block;
  };
  const member = (name: string, type: string, link = '', content = ''): Buffer => {
    const block = Buffer.alloc(512 + Math.ceil(content.length / 512) * 512);
    block.write(name, 0);
    block.write('0000644\0', 100);
    block.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    block.write(type, 156);
    block.write(link, 157);
    block.write('ustar\0', 257);
    block.write(content, 512);
    return sealed(block);
  };
  const inFront = (extra: Buffer): Buffer => Buffer.concat([extra, bytes]);
  const at = (index: number, change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(bytes);
    change(copy);
    return index === 0 ? Buffer.concat([sealed(copy.subarray(0, 512)), copy.subarray(512)]) : copy;
  };
  const archives: Record<string, Buffer> = {
    'empty file': Buffer.alloc(0),
    'only zeros': Buffer.alloc(2048),
    'not an archive': Buffer.from('hello '.repeat(500)),
    compressed: Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(2000, 1)]),
    'cut off in the middle': bytes.subarray(0, bytes.length >> 1),
    'without its end': bytes.subarray(0, bytes.length - 1024),
    'a bit in the bytes': at(1, (copy) => (copy[copy.lastIndexOf('weights')] = 0x57)),
    'a bit in a header': at(1, (copy) => (copy[3] = 0x58)),
    'a huge size': at(0, (copy) => copy.write('77777777777\0', 124)),
    'a negative size': at(0, (copy) => copy.write('-0000000001\0', 124)),
    'a name that leaves': inFront(member('../outside/x', '0', '', 'x')),
    'an absolute name': inFront(member(`${outside}/x`, '0', '', 'x')),
    'a name with a drive': inFront(member('C:\\x', '0', '', 'x')),
    'a symbolic link': inFront(member('objects', '2', outside)),
    'a hard link': inFront(member('objects/x', '1', '/etc/passwd')),
    'a folder': inFront(member('objects/', '5')),
    'a device': inFront(member('null', '3')),
    'a longer name by extension': inFront(member('x', 'x', '', '30 path=../outside/x\n')),
    'a file twice': Buffer.concat([bytes.subarray(0, bytes.length - 1024), bytes]),
    'a file that is not listed': inFront(member('readme.txt', '0', '', 'x')),
  };
  const changed =
    (change: Record<string, unknown>): ((copy: string) => void) =>
    (copy) => {
      writeFileSync(path.join(copy, 'modelyard-model.json'), JSON.stringify({ ...manifest, ...change }));
    };
  const [first, ...others] = manifest['versions'] as Record<string, unknown>[];
  const history = readFileSync(path.join(folder, 'history.ndjson'), 'utf8');
  const withHistory =
    (text: string): ((copy: string) => void) =>
    (copy) => {
      const files = (manifest['files'] as { name: string }[]).map((one) =>
        one.name === 'history.ndjson'
          ? {
              ...one,
              bytes: Buffer.byteLength(text),
              hash: `sha256:${createHash('sha256').update(text).digest('hex')}`,
            }
          : one,
      );
      writeFileSync(path.join(copy, 'history.ndjson'), text);
      changed({ files })(copy);
    };
  const hostileListing = `sha256:${createHash('sha256').update('weights').digest('hex')} ../../outside/x\n`;
  const listingHash = createHash('sha256').update(hostileListing).digest('hex');
  const folders: Record<string, (copy: string) => void> = {
    'no manifest': (copy) => {
      rmSync(path.join(copy, 'modelyard-model.json'));
    },
    'manifest is not JSON': (copy) => {
      writeFileSync(path.join(copy, 'modelyard-model.json'), '{');
    },
    'newer format': changed({ format: 99 }),
    'hostile name': changed({ name: '../x' }),
    'number that is a path': changed({ versions: [{ ...first, version: '../../x' }, ...others] }),
    'version twice': changed({ versions: [first, first] }),
    'version without artifact': changed({ versions: [{ ...first, artifact: { hash: 'x' } }, ...others] }),
    'files outside': changed({ files: [{ name: '../x', bytes: 1, hash: `sha256:${'0'.repeat(64)}` }] }),
    'no files': changed({ files: [] }),
    'other metrics than its history': changed({
      versions: [{ ...first, metrics: { accuracy: 1 } }, ...others],
    }),
    'other aliases than its history': changed({ aliases: { production: '3' } }),
    'alias that points nowhere': withHistory(
      `${history}{"seq":99,"at":"2026-01-01T00:00:00.000Z","who":"x","action":"alias-set","alias":"a","from":null,"to":"99"}\n`,
    ),
    'hostile alias': withHistory(
      `${history}{"seq":99,"at":"2026-01-01T00:00:00.000Z","who":"x","action":"alias-set","alias":"../x","from":null,"to":"1"}\n`,
    ),
    'unknown action': withHistory(
      `${history}{"seq":99,"at":"2026-01-01T00:00:00.000Z","who":"x","action":"explode"}\n`,
    ),
    'history of nothing': withHistory(''),
    'history is not JSON': withHistory('{\n'),
    'link in place of objects': (copy) => {
      rmSync(path.join(copy, 'objects'), { recursive: true });
      symlinkSync(path.join(folder, 'objects'), path.join(copy, 'objects'));
    },
    'link in place of an object': (copy) => {
      const [one] = readdirSync(path.join(copy, 'objects'));
      rmSync(path.join(copy, 'objects', one!));
      symlinkSync('/etc/passwd', path.join(copy, 'objects', one!));
    },
    'missing object': (copy) => {
      rmSync(path.join(copy, 'objects', readdirSync(path.join(copy, 'objects'))[0]!));
    },
    'listing that leaves': (copy) => {
      writeFileSync(path.join(copy, 'objects', listingHash), hostileListing);
      changed({
        versions: [
          {
            ...first,
            artifact: { ...(first!['artifact'] as object), hash: `sha256:${listingHash}`, files: 1 },
          },
          ...others,
        ],
        files: [
          ...(manifest['files'] as object[]),
          { name: `objects/${listingHash}`, bytes: hostileListing.length, hash: `sha256:${listingHash}` },
        ],
      })(copy);
    },
  };

  const other = newRegistry(t);
  await add(other, 'snow', 'mine');
  const before = readdirSync(path.join(other.root, '.modelyard/models'));
  const check = async (name: string, target: string): Promise<void> => {
    const outcome = await importModel(other, target);
    assert.ok(!outcome.ok, `${name} was imported`);
    assert.match(outcome.error.message, /was not imported: .+\.$/, name);
    assert.equal(outcome.error.code, 'DAMAGED', `${name}: ${outcome.error.message}`);
    assert.deepEqual(
      other.models().models.map((model) => model.name),
      ['snow'],
      name,
    );
  };
  for (const [name, content] of Object.entries(archives)) {
    const target = path.join(place, 'hostile.tar');
    writeFileSync(target, content);
    await check(name, target);
  }
  for (const [name, damage] of Object.entries(folders)) {
    const target = path.join(place, 'hostile');
    cpSync(folder, target, { recursive: true });
    damage(target);
    await check(name, target);
    rmSync(target, { recursive: true });
  }
  refused(await importModel(other, path.join(place, 'nothing')), 'RESOURCE_DOES_NOT_EXIST');
  assert.deepEqual(readdirSync(outside), []);
  assert.ok(!existsSync(path.join(other.root, '.modelyard/outside')));
  assert.deepEqual(
    readdirSync(path.join(other.root, '.modelyard/models')).filter((name) => name !== 'rain'),
    before,
  );
  value(await importModel(other, folder));
  t.diagnostic(
    `${Object.keys(archives).length} archives and ${Object.keys(folders).length} folders were refused`,
  );
});

test('exports beside a writer are each of one moment: all of them can be imported', async (t) => {
  const registry = await source(t);
  const done = new AbortController();
  let moves = 0;
  const writer = (async () => {
    for (; !done.signal.aborted; moves++) {
      value(registry.setAlias('rain', 'production', String(1 + (moves % 3))));
      value(registry.setTag('rain', 'n', String(moves), { version: String(1 + (moves % 3)) }));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const folder = tempFolder(t);
  for (let n = 0; n < 30; n++) {
    const to = path.join(folder, `${n}${n % 2 === 0 ? '.tar' : ''}`);
    value(await exportModel(registry, { name: 'rain', to }));
    value(await importModel(newRegistry(t), to));
  }
  done.abort();
  await writer;
  assert.ok(moves > 30, `the writer has written ${moves} times`);
});

test('a bundle that could not be imported gets no name', async (t) => {
  const registry = await source(t);
  const to = path.join(tempFolder(t), 'rain');
  const { version } = value(registry.version('rain', '1'));
  const object = registry.objects.pathOf(version.artifact.hash);
  rmSync(object, { force: true });
  refused(await exportModel(registry, { name: 'rain', to }), 'DAMAGED');
  assert.ok(!existsSync(to));
});
