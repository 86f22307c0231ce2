/** What is hashed is what a task would read: links to folders are followed as `find -L` follows them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { HashIndex } from '../../../server/stores/content/hash-index.js';
import { Workspace } from '../../../server/runner/resolve/workspace.js';
import { layoutOf } from '../../../server/stores/layout.js';
import { cases, fc } from '../../support/generated/cases.js';

const FOLDERS = ['data', 'data/sub', 'data/sub/deep', 'raw', 'raw/in', 'far'] as const;
const NAMES = ['a', 'b', 'l', 'm'] as const;

interface Step {
  readonly kind: 'write' | 'link' | 'remove' | 'folder';
  readonly folder: (typeof FOLDERS)[number];
  readonly name: (typeof NAMES)[number];
  readonly target: string;
  readonly absolute: boolean;
  readonly text: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('write', 'write', 'link', 'link', 'remove', 'folder'),
  folder: fc.constantFrom(...FOLDERS),
  name: fc.constantFrom(...NAMES),
  target: fc.constantFrom(...FOLDERS, 'raw/a', 'far/b', 'data/sub/a', 'nowhere', '.'),
  absolute: fc.boolean(),
  text: fc.constantFrom('1', '2', '3'),
});

function apply(root: string, { kind, folder, name, target, absolute, text }: Step): void {
  const place = path.join(root, folder, name);
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (kind === 'remove') rmSync(place, { recursive: true, force: true });
  else if (kind === 'write') {
    if (there?.isSymbolicLink() === true) unlinkSync(place);
    else if (there?.isDirectory() === true) return;
    writeFileSync(place, text);
  } else if (there === undefined) {
    if (kind === 'folder') mkdirSync(place);
    else {
      const led = path.join(root, target);
      symlinkSync(absolute ? led : path.relative(path.dirname(place), led) || '.', place);
    }
  }
}

function find(root: string, ...args: string[]): string[] {
  // It ends with 1 where it met a circle.
  const { stdout } = spawnSync('find', args, { cwd: root, encoding: 'utf8' });
  return stdout.split('\n').sort();
}

/** What reading everything in the folder comes to. */
function content(root: string): string {
  const files = find(root, '-L', 'data', '-type', 'f', '-exec', 'sha256sum', '{}', '+');
  return [...files, ...find(root, '-L', 'data', '-type', 'd', '-empty')].join('\n');
}

function sandbox(): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-links-'));
  for (const folder of FOLDERS) mkdirSync(path.join(root, folder), { recursive: true });
  return root;
}

test('the hash of a folder changes if, and only if, what can be read in it does', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 15 }), (steps) => {
      const root = sandbox();
      try {
        const index = new HashIndex(layoutOf(root));
        let before: { hash: string; content: string; links: string } | undefined;
        for (const one of steps) {
          apply(root, one);
          const hashed = index.hash(path.join(root, 'data'));
          assert.ok(hashed.ok, JSON.stringify(hashed));
          const now = {
            hash: hashed.hash,
            content: content(root),
            links: find(root, '.', '-type', 'l', '-printf', '%p %l\n').join('\n'),
          };
          if (before !== undefined) {
            if (now.content !== before.content) assert.notEqual(now.hash, before.hash, JSON.stringify(one));
            if (now.content === before.content && now.links === before.links)
              assert.equal(now.hash, before.hash, JSON.stringify(one));
          }
          before = now;
        }
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    }),
    { numRuns: cases(15, 1000), seed: 5 },
  );
});

test('a glob meets the files that find meets', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 25 }), (steps) => {
      const root = sandbox();
      try {
        for (const one of steps) apply(root, one);
        const workspace = new Workspace(root, new HashIndex(layoutOf(root)));
        for (const name of NAMES) {
          const seen = find(root, '-L', 'data', '-type', 'f', '-name', name).filter((one) => one !== '');
          const folders = new Set(find(root, '-L', 'data', '-type', 'd', '-name', name));
          // A link to a folder of that name is read as a whole, and one that leads nowhere is told when it is read.
          const met = workspace.expand(`data/**/${name}`).filter((one) => {
            const stat = lstatSync(path.join(root, one));
            return stat.isFile() || (!folders.has(one) && seen.includes(one));
          });
          const through = seen.filter((one) => ![...folders].some((folder) => one.startsWith(`${folder}/`)));
          for (const one of through) assert.ok(met.includes(one), `${one} of ${met.join(' ')}`);
          for (const one of met) assert.ok(seen.includes(one), one);
        }
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    }),
    { numRuns: cases(15, 1000), seed: 6 },
  );
});

test('a circle ends, and what is unchanged is not read again', () => {
  const root = sandbox();
  try {
    writeFileSync(path.join(root, 'raw/x.csv'), '1');
    symlinkSync('../raw', path.join(root, 'data/ext'));
    symlinkSync('../data', path.join(root, 'raw/back'));
    symlinkSync(root, path.join(root, 'far/all'));
    symlinkSync('../far', path.join(root, 'data/far'));
    const index = new HashIndex(layoutOf(root));
    const first = index.hash(path.join(root, 'data'));
    assert.ok(first.ok);
    index.save();
    const { hash } = first;
    assert.equal(new HashIndex(layoutOf(root)).hash(path.join(root, 'data')).ok && hash, hash);
    const workspace = new Workspace(root, index);
    assert.deepEqual(
      workspace.expand('data/**/x.csv').filter((one) => one.startsWith('data/ext')),
      ['data/ext/x.csv'],
    );
    const before = workspace.hashFiles(['data/**/*.csv']);
    writeFileSync(path.join(root, 'raw/x.csv'), '22');
    assert.notEqual(workspace.hashFiles(['data/**/*.csv']), before);
    assert.notEqual(workspace.hashFiles(['data']), '');
    assert.equal(readdirSync(path.join(root, 'raw')).length, 3);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
