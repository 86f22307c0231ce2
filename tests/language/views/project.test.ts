import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { diskFiles, overlay } from '../../../server/project/files.js';
import { findProjectRoot } from '../../../server/project/find-root.js';
import { Project } from '../../../server/project/project.js';
import { runThrough } from '../../../server/base/runs/steps.js';
import { isListed, walkProjects } from '../../../server/project/walk.js';

/** A folder with these files; a text of `→x` makes a link to `x`. */
function folder(t: { after(fn: () => void): void }, files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-project-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (text.startsWith('→')) symlinkSync(text.slice(1), file);
    else writeFileSync(file, text);
  }
  return root;
}

const ONE = 'tasks:\n  a: { run: echo hi > a.txt, outputs: { a: a.txt } }\n';

test('the root is the nearest folder with modelyard.yaml, else the git work tree, else the folder', (t) => {
  const root = folder(t, {
    'repo/.git/HEAD': '',
    'repo/deep/er/file.txt': '',
    'repo/inner/modelyard.yaml': 'name: x\n',
    'repo/inner/a/b/c.txt': '',
    'plain/x.txt': '',
  });
  const check = (start: string, expected: string) =>
    assert.equal(findProjectRoot(path.join(root, start)), path.join(root, expected));
  check('repo/deep/er', 'repo');
  check('repo/deep/er/file.txt', 'repo');
  check('repo/inner/a/b', 'repo/inner');
  check('repo/inner/modelyard.yaml', 'repo/inner');
  check('plain', 'plain');
});

test('a walk honours what is skipped, .gitignore at every level, and projects inside', (t) => {
  const root = folder(t, {
    '.git/HEAD': '',
    '.gitignore': 'ignored/\n*.tmp.yaml\n',
    'a.yaml': '',
    'b.tmp.yaml': '',
    'ignored/c.yaml': '',
    'node_modules/x/d.yaml': '',
    '.modelyard/e.yaml': '',
    'sub/.gitignore': 'f.yaml\n!keep.tmp.yaml\n',
    'sub/f.yaml': '',
    'sub/keep.tmp.yaml': '',
    'sub/g.yml': '',
    'sub/notes.txt': '',
    'inner/modelyard.yaml': '',
    'inner/h.pipeline.yaml': ONE,
    'link.yaml': '→a.yaml',
    'dead.yaml': '→nowhere.yaml',
    loop: '→.',
  });
  const found = runThrough(walkProjects(diskFiles, root)).map((project) => ({
    root: path.relative(root, project.root),
    files: project.files.sort(),
  }));
  assert.deepEqual(found, [
    { root: '', files: ['a.yaml', 'link.yaml', 'sub/g.yml', 'sub/keep.tmp.yaml'] },
    { root: 'inner', files: ['h.pipeline.yaml', 'modelyard.yaml'] },
  ]);
  for (const [file, expected] of [
    ['a.yaml', true],
    ['b.tmp.yaml', false],
    ['ignored/c.yaml', false],
    ['sub/keep.tmp.yaml', true],
    ['sub/f.yaml', false],
    ['node_modules/x/d.yaml', false],
    ['sub/notes.txt', false],
  ] as const) {
    assert.equal(isListed(diskFiles, root, file), expected, file);
  }
});

test('a project holds what is ours by name or by content, and nothing else', (t) => {
  const root = folder(t, {
    'modelyard.yaml': 'name: demo\nexclude: ["old/**"]\n',
    'train.pipeline.yaml': `name: train\n${ONE}`,
    'by-content.yaml': `name: content\nkind: model-build\n${ONE}`,
    'k8s.yaml': 'apiVersion: v1\nkind: Service\n',
    'old/x.pipeline.yaml': ONE,
    'inner/modelyard.yaml': '',
    'inner/y.pipeline.yaml': ONE,
  });
  const project = Project.open(root);
  assert.deepEqual(
    project.definitions().map((definition) => `${definition.kind} ${definition.path}`),
    ['pipeline by-content.yaml', 'project modelyard.yaml', 'pipeline train.pipeline.yaml'],
  );
  assert.equal(project.settings.name, 'demo');
  assert.equal(project.pipeline('train').length, 1);
  assert.equal(project.pipeline('x').length, 0);
  assert.equal(Project.open(root, diskFiles, { only: ['train.pipeline.yaml'] }).definitions().length, 2);
  // Content decides anew with each text.
  assert.equal(project.update('k8s.yaml', `kind: model-build\n${ONE}`), true);
  assert.equal(project.definition('k8s.yaml')?.kind, 'pipeline');
  assert.equal(project.update('k8s.yaml'), true);
  assert.equal(project.definition('k8s.yaml'), undefined);
});

test('a file that is too big is reported and not parsed', (t) => {
  const root = folder(t, { 'big.pipeline.yaml': '#'.repeat(10 * 1024 * 1024 + 1), 'big.yaml': '' });
  const project = Project.open(root);
  assert.deepEqual(project.paths(), ['big.pipeline.yaml']);
  const [finding] = project.findings('big.pipeline.yaml');
  assert.equal(finding?.severity, 'error');
  assert.match(finding.message, /10\.0 MiB.*exclude it in modelyard\.yaml/);
  assert.equal(project.update('big.pipeline.yaml', ONE), true);
  assert.deepEqual(project.unread(), []);
});

test('what stands at a path: links are followed, and what leaves the project is outside', (t) => {
  const root = folder(t, {
    'elsewhere/secret.csv': '',
    'p/modelyard.yaml': '',
    'p/data/x.csv': '',
    'p/out': '→../elsewhere',
    'p/leak.csv': '→../elsewhere/secret.csv',
    'p/alias.csv': '→data/x.csv',
    'p/dead.csv': '→gone.csv',
  });
  const project = Project.open(path.join(root, 'p'));
  const view = project.view();
  const expected = {
    '.': 'folder',
    data: 'folder',
    'data/': 'folder',
    'data/x.csv': 'file',
    './data/../data/x.csv': 'file',
    'data/y.csv': 'missing',
    'no/such/folder.csv': 'missing',
    'data/x.csv/below': 'missing',
    '../elsewhere/secret.csv': 'outside',
    '/etc/passwd': 'outside',
    'out/secret.csv': 'outside',
    'out/new.csv': 'outside',
    'out/new/deeper.csv': 'outside',
    'leak.csv': 'outside',
    'alias.csv': 'file',
    'dead.csv': 'missing',
    'a\0b': 'missing',
  };
  for (const [asked, answer] of Object.entries(expected)) assert.equal(view.probe(asked), answer, asked);
  const matches = (glob: string) => (view as Required<typeof view>).matches(glob);
  assert.equal(matches('data/*.csv'), true);
  assert.equal(matches('data/*.json'), false);
  assert.equal(matches('nowhere/**/*.csv'), false);

  // Answers are kept until the project is told.
  writeFileSync(path.join(root, 'p/data/y.csv'), '');
  rmSync(path.join(root, 'p/data/x.csv'));
  assert.equal(view.probe('data/y.csv'), 'missing');
  assert.equal(project.diskChanged([path.join(root, 'p/data/y.csv')]), true);
  assert.equal(view.probe('data/y.csv'), 'file');
  assert.equal(view.probe('data/x.csv'), 'file');
  project.diskChanged([path.join(root, 'p/data')]);
  assert.equal(view.probe('data/x.csv'), 'missing');
  assert.equal(project.diskChanged([path.join(root, 'p/unrelated.txt')]), false);
});

test('findings are kept until something changes that they depend on', (t) => {
  const uses = (input: string) =>
    `name: uses\ntasks:\n  a: { run: cat ${input} > uses.txt, inputs: [${input}], outputs: { a: uses.txt } }\n`;
  const root = folder(t, {
    'uses.pipeline.yaml': uses('data.csv'),
    'other.pipeline.yaml': `name: other\n${ONE}`,
    'data.csv': '',
  });
  const project = Project.open(root);
  const ids = (file: string) => project.findings(file).map((finding) => finding.rule);
  const first = project.findings('uses.pipeline.yaml');
  assert.deepEqual(ids('uses.pipeline.yaml'), []);
  project.update('other.pipeline.yaml', `name: other\ndescription: edited\n${ONE}`);
  assert.equal(project.findings('uses.pipeline.yaml'), first, 'an edit elsewhere costs nothing');

  project.update('other.pipeline.yaml', `name: uses\n${ONE}`);
  assert.deepEqual(ids('uses.pipeline.yaml'), ['reference/duplicate-pipeline']);
  project.update('other.pipeline.yaml', `name: other\n${ONE}`);
  assert.deepEqual(ids('uses.pipeline.yaml'), []);

  rmSync(path.join(root, 'data.csv'));
  assert.deepEqual(ids('uses.pipeline.yaml'), [], 'nobody said that the disk changed');
  project.diskChanged([path.join(root, 'data.csv')]);
  assert.deepEqual(ids('uses.pipeline.yaml'), ['path/missing-input']);
  // Another pipeline may make it, so that this one depends on all of them now.
  const makes = 'name: other\ntasks:\n  a: { run: x, outputs: { d: data.csv } }\n';
  project.update('other.pipeline.yaml', makes);
  assert.deepEqual(ids('uses.pipeline.yaml'), []);
  project.remove('other.pipeline.yaml');
  assert.deepEqual(ids('uses.pipeline.yaml'), ['path/missing-input']);

  project.update('modelyard.yaml', 'rules: { path/missing-input: "off" }\n');
  assert.deepEqual(ids('uses.pipeline.yaml'), []);
  const chosen = new Map([['path/missing-input', 'hint']] as const);
  assert.deepEqual(
    project.findings('uses.pipeline.yaml', chosen).map((finding) => finding.severity),
    ['hint'],
    "the editor's settings win",
  );
});

test('open documents stand in the place of files', (t) => {
  const root = folder(t, { 'a.pipeline.yaml': `name: disk\n${ONE}` });
  const file = path.join(root, 'a.pipeline.yaml');
  const open = new Map([[file, { text: `name: open\n${ONE}`, stamp: 'open:1' }]]);
  const project = Project.open(root, overlay(diskFiles, open));
  assert.equal(project.pipeline('open').length, 1);
  open.set(file, { text: `name: typed\n${ONE}`, stamp: 'open:2' });
  assert.equal(project.update('a.pipeline.yaml'), true);
  assert.equal(project.pipeline('typed').length, 1);
  open.clear();
  assert.equal(project.update('a.pipeline.yaml'), true);
  assert.equal(project.update('a.pipeline.yaml'), false);
  assert.equal(project.pipeline('disk').length, 1);
});
