import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { LowSync } from 'lowdb';
import { tempName, tempOwner, writeAtomic } from '../../../../server/stores/disk/atomic.js';
import {
  DocumentAdapter,
  openDocument,
  readDocument,
  updateShared,
} from '../../../../server/stores/disk/document.js';
import type { DocumentKind } from '../../../../server/stores/disk/document.js';
import { tempFolder } from '../support.js';

interface Note {
  readonly schema: number;
  readonly text: string;
  readonly words: number;
}

/** Schema 1 had `body`, schema 2 `text`, schema 3 counts words. */
const NOTE: DocumentKind<Note> = {
  name: 'note',
  schema: 3,
  migrations: {
    1: ({ body, ...rest }) => ({ ...rest, text: body }),
    2: (old) => {
      if (typeof old['text'] !== 'string') throw new Error('no text');
      return { ...old, words: old['text'].split(' ').length };
    },
  },
  check: (value) => (typeof value['text'] === 'string' ? undefined : 'it has no text'),
};

test('documents are migrated forward; broken ones are set aside by their writers only, newer ones are left alone', (t) => {
  const folder = tempFolder(t);
  const check = (content: string, expected: RegExp | Note) => {
    const file = path.join(folder, 'note.json');
    writeFileSync(file, content);
    const looked = readDocument(file, NOTE);
    assert.equal(readFileSync(file, 'utf8'), content, 'looking changes nothing');
    const loaded = readDocument(file, NOTE, { setAside: true });
    assert.equal(looked.state, loaded.state);
    if (!(expected instanceof RegExp)) {
      assert.deepEqual(loaded, { state: 'ok', value: expected }, content);
      assert.equal(readFileSync(file, 'utf8'), content, 'reading does not write');
      return;
    }
    assert.ok(loaded.state === 'broken' || loaded.state === 'refused', content);
    assert.match(loaded.problem.message, expected);
    assert.match(loaded.problem.message, /note\.json/);
    if (loaded.state === 'broken') {
      assert.ok(!existsSync(file));
      assert.equal(readFileSync(loaded.problem.path, 'utf8'), content, 'nothing is lost');
      assert.match(path.basename(loaded.problem.path), /^note\.json\.broken-\d{4}-/);
    } else {
      assert.equal(readFileSync(file, 'utf8'), content);
    }
  };
  const now = { schema: 3, text: 'a b c', words: 3 };
  check('{"schema":1,"body":"a b c"}', now);
  check('{"schema":2,"text":"a b c"}', now);
  check('{"schema":3,"text":"a b c","words":3}\n', now);
  check('', /not JSON/);
  check('{"schema":3,"text":"a', /not JSON/);
  check('\0\0\0\0', /not JSON/);
  check('[]', /not a JSON object/);
  check('null', /not a JSON object/);
  check('{}', /no schema version/);
  check('{"schema":"3"}', /no schema version/);
  check('{"schema":0}', /no schema version/);
  check('{"schema":3}', /no text/);
  check('{"schema":2}', /migration from schema 2 failed \(no text\)/);
  check('{"schema":4,"future":true}', /newer Modelyard \(schema 4, this one knows 3\)/);
  assert.deepEqual(readDocument(path.join(folder, 'none.json'), NOTE), { state: 'missing' });
  mkdirSync(path.join(folder, 'dir.json'));
  const refused = readDocument(path.join(folder, 'dir.json'), NOTE);
  assert.equal(refused.state, 'refused');
});

test('lowdb over our adapter: compact, atomic, no temp file left', (t) => {
  const folder = tempFolder(t);
  const file = path.join(folder, 'note.json');
  const { low, adapter } = openDocument(file, NOTE, { schema: 3, text: 'a', words: 1 });
  for (const durable of [false, true]) {
    adapter.durable = durable;
    low.update((note) => Object.assign(note, { text: `durable ${durable}` }));
    const again = new LowSync(new DocumentAdapter(file, NOTE), { schema: 3, text: '', words: 0 });
    again.read();
    assert.equal(again.data.text, `durable ${durable}`);
  }
  assert.equal(readFileSync(file, 'utf8'), '{"schema":3,"text":"durable true","words":1}\n');
  assert.deepEqual(readdirSync(folder), ['note.json']);
});

test('a write that fails leaves the old content and no temp file', (t) => {
  const folder = tempFolder(t);
  mkdirSync(path.join(folder, 'target'));
  assert.throws(() => writeAtomic(path.join(folder, 'target'), 'x'));
  assert.deepEqual(readdirSync(folder), ['target']);
  assert.equal(tempOwner(tempName('/a/run.json')), process.pid);
  assert.equal(tempOwner('run.json.tmp'), undefined);
  assert.notEqual(tempName('a'), tempName('a'));
});

test('shared documents: read, change, write', (t) => {
  const file = path.join(tempFolder(t), 'note.json');
  const set = (text: string) => updateShared(file, NOTE, () => ({ schema: 3, text, words: 1 }));
  assert.ok(set('one').ok);
  const added = updateShared(file, NOTE, (note) => ({ ...note!, text: `${note?.text} two` }));
  assert.ok(added.ok && added.value?.text === 'one two');
  const same = updateShared(file, NOTE, () => undefined);
  assert.ok(same.ok && same.value?.text === 'one two');
  writeFileSync(`${file}.lock`, JSON.stringify({ pid: process.pid }));
  const locked = updateShared(file, NOTE, (note) => note, 20);
  assert.ok(!locked.ok && locked.problem.message.includes('locked by another process'));
  writeFileSync(`${file}.lock`, JSON.stringify({ pid: 2 ** 22 + 1 }));
  assert.ok(set('three').ok, 'the lock of a dead process is broken');
  writeFileSync(file, '{"schema":9}');
  const newer = set('four');
  assert.ok(!newer.ok && newer.problem.message.includes('newer Modelyard'));
});
