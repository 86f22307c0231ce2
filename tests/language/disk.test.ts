import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Location, WorkspaceDiagnosticReport, WorkspaceSymbol } from 'vscode-languageserver/node';
import type { LspClient } from '../support/lsp-client.js';
import { positionOf, until, uri } from '../support/lsp-client.js';
import { FEATURES, NIGHTLY, PROJECT, TRAIN, client, folder, project, write } from './fixture.js';

/** Waits until a file has exactly the findings of these rules. */
function rules(lsp: LspClient, file: string, expected: readonly string[]): Promise<boolean> {
  let last: readonly string[] = [];
  return until(`${file} to have ${expected.join(', ') || 'no findings'}`, async () => {
    last = await lsp.rules(file);
    return last.join() === expected.join();
  }).catch((error: unknown) => {
    assert.deepEqual(last, expected);
    throw error;
  });
}

async function workspaceRules(lsp: LspClient): Promise<Record<string, unknown[]>> {
  const { items } = await lsp.request<WorkspaceDiagnosticReport>('workspace/diagnostic', {
    previousResultIds: [],
  });
  return Object.fromEntries(
    items.map((item) => [
      path.posix.basename(item.uri),
      item.kind === 'full' ? item.items.map((one) => one.code) : [],
    ]),
  );
}

test('inputs that come and go are seen, links and folders included', async (t) => {
  const { lsp, at, root } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  await rules(lsp, file, []);
  assert.deepEqual(lsp.watchers, ['**/*']);

  rmSync(at('src/train.py'));
  await lsp.watched([{ file: at('src/train.py'), type: 'deleted' }]);
  await rules(lsp, file, ['path/missing-input']);
  write(root, { 'src/train.py': '' });
  await lsp.watched([{ file: at('src/train.py'), type: 'created' }]);
  await rules(lsp, file, []);

  renameSync(at('src'), at('source'));
  await lsp.watched([
    { file: at('src'), type: 'deleted' },
    { file: at('source'), type: 'created' },
  ]);
  await rules(lsp, file, ['path/missing-input', 'path/missing-input']);
  renameSync(at('source'), at('src'));
  await lsp.watched([
    { file: at('source'), type: 'deleted' },
    { file: at('src'), type: 'created' },
  ]);
  await rules(lsp, file, []);
});

test('what becomes of a file is told, however many events a client sends of it at once', async (t) => {
  const { lsp, at, root } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  await rules(lsp, file, []);
  const types = { '+': 'created', '~': 'changed', '-': 'deleted' } as const;
  const send = async (events: string): Promise<void> => {
    for (const event of events)
      await lsp.watched([{ file: at('src/train.py'), type: types[event as keyof typeof types] }]);
  };
  // Eglot and Neovim tell each event of the system as it comes.
  for (const [gone, back] of [
    ['-', '+~'],
    ['~-', '+~~'],
    ['-+-', '+-+'],
    ['~-+-', '+-+~'],
  ] as const) {
    rmSync(at('src/train.py'));
    await send(gone);
    await rules(lsp, file, ['path/missing-input']);
    write(root, { 'src/train.py': '' });
    await send(back);
    await rules(lsp, file, []);
  }
});

test('sources of feature views and labels that come and go are seen', async (t) => {
  const pipeline =
    'name: join\ntasks:\n  join:\n    training-set: { labels: data/labels.csv, service: rain-v1, output: out/t.csv }\n';
  const features = FEATURES.replace('data/raw.csv', 'rain/raw-*.csv');
  const root = folder(t, { ...PROJECT, 'join.pipeline.yaml': pipeline, 'weather.features.yaml': features });
  const lsp = await client(t, root);
  const files: Readonly<Record<string, string>> = {
    'weather.features.yaml': features,
    'join.pipeline.yaml': pipeline,
  };
  for (const [name, text] of Object.entries(files)) await lsp.open(path.join(root, name), text);
  const all = (expected: readonly string[]) =>
    Promise.all(Object.keys(files).map((name) => rules(lsp, path.join(root, name), expected)));
  await all(['path/missing-input']);

  const data = {
    'data/labels.csv': 'station_id,at,rain\n',
    'rain/raw-1.csv': 'station_id,observed_at,rain_7d\n',
  };
  write(root, data);
  await lsp.watched(Object.keys(data).map((name) => ({ file: path.join(root, name), type: 'created' })));
  await all([]);

  rmSync(path.join(root, 'rain/raw-1.csv'));
  await lsp.watched([{ file: path.join(root, 'rain/raw-1.csv'), type: 'deleted' }]);
  await rules(lsp, path.join(root, 'weather.features.yaml'), ['path/missing-input']);
  // A task of another file that makes it is as good.
  await lsp.replace(
    path.join(root, 'join.pipeline.yaml'),
    `${pipeline}  fetch:\n    run: ./fetch.sh\n    outputs: { data: rain/raw-1.csv }\n`,
  );
  await rules(lsp, path.join(root, 'weather.features.yaml'), []);
});

test('definitions that change on disk are seen, except where a document is open', async (t) => {
  const { lsp, at, root } = await project(t);
  const nightly = at('pipelines/nightly.pipeline.yaml');
  await lsp.open(nightly, NIGHTLY);
  await rules(lsp, nightly, []);

  write(root, { 'train.pipeline.yaml': TRAIN.replace('rain-train', 'snow-train') });
  await lsp.watched([{ file: at('train.pipeline.yaml'), type: 'changed' }]);
  await rules(lsp, nightly, ['reference/unknown-pipeline']);

  // The open text wins over the disk, until it is closed.
  await lsp.open(at('train.pipeline.yaml'), TRAIN);
  await rules(lsp, nightly, []);
  await lsp.watched([{ file: at('train.pipeline.yaml'), type: 'changed' }]);
  await rules(lsp, nightly, []);
  await lsp.close(at('train.pipeline.yaml'));
  await rules(lsp, nightly, ['reference/unknown-pipeline']);

  rmSync(at('train.pipeline.yaml'));
  await lsp.watched([{ file: at('train.pipeline.yaml'), type: 'deleted' }]);
  write(root, { 'moved/in/train.yaml': TRAIN });
  await lsp.watched([{ file: at('moved'), type: 'created' }]);
  await rules(lsp, nightly, []);
  rmSync(at('moved'), { recursive: true });
  await lsp.watched([{ file: at('moved'), type: 'deleted' }]);
  await rules(lsp, nightly, ['reference/unknown-pipeline']);
});

test('.gitignore and the excludes of modelyard.yaml are honoured as they change', async (t) => {
  const { lsp, at, root } = await project(t, {
    files: { 'old/old.pipeline.yaml': 'tasks:\n  a: { run: x, inputz: [] }\n' },
  });
  await until('the old pipeline', async () => (await workspaceRules(lsp))['old.pipeline.yaml']?.length);
  write(root, { '.gitignore': 'old/\n' });
  await lsp.watched([{ file: at('.gitignore'), type: 'created' }]);
  await until('it to be ignored', async () => !('old.pipeline.yaml' in (await workspaceRules(lsp))));
  rmSync(at('.gitignore'));
  await lsp.watched([{ file: at('.gitignore'), type: 'deleted' }]);
  await until('it to be back', async () => 'old.pipeline.yaml' in (await workspaceRules(lsp)));
  write(root, { 'modelyard.yaml': 'exclude: [old]\n' });
  await lsp.watched([{ file: at('modelyard.yaml'), type: 'changed' }]);
  write(root, { 'modelyard.yaml': 'exclude: ["old/**"]\n' });
  await lsp.watched([{ file: at('modelyard.yaml'), type: 'changed' }]);
  await until('it to be excluded', async () => !('old.pipeline.yaml' in (await workspaceRules(lsp))));
  write(root, { 'modelyard.yaml': 'name: rain\n' });
  await lsp.watched([{ file: at('modelyard.yaml'), type: 'changed' }]);
  await until('it to be back again', async () => 'old.pipeline.yaml' in (await workspaceRules(lsp)));
});

function git(root: string, ...args: string[]): void {
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  };
  execFileSync('git', args, { cwd: root, env, stdio: 'pipe' });
}

test('a branch switch is seen without a word from the editor', async (t) => {
  const root = folder(t, PROJECT);
  const at = (name: string) => path.join(root, name);
  git(root, 'init', '-q', '-b', 'main');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'main');
  git(root, 'checkout', '-q', '-b', 'other');
  rmSync(at('train.pipeline.yaml'));
  rmSync(at('data/raw.csv'));
  for (let index = 0; index < 150; index++) {
    write(root, {
      [`many/p${index}.pipeline.yaml`]: `name: p${index}\ntasks:\n  a: { run: x, needs: [b] }\n`,
    });
  }
  git(root, 'add', '-A');
  git(root, 'commit', '-q', '-m', 'other');
  git(root, 'checkout', '-q', 'main');

  const lsp = await client(t, root);
  const nightly = at('pipelines/nightly.pipeline.yaml');
  await lsp.open(nightly, NIGHTLY);
  await rules(lsp, nightly, []);
  git(root, 'checkout', '-q', 'other');
  await rules(lsp, nightly, ['reference/unknown-pipeline']);
  await until('the files of the branch', async () => {
    const all = await workspaceRules(lsp);
    return Object.keys(all).filter((name) => /^p\d+\./.test(name)).length === 150;
  });
  git(root, 'checkout', '-q', 'main');
  await rules(lsp, nightly, []);
  await until('them to be gone', async () => !('p0.pipeline.yaml' in (await workspaceRules(lsp))));
});

test('a branch switch that the editor tells of in one batch is one scan', async (t) => {
  const { lsp, root, at } = await project(t);
  const nightly = at('pipelines/nightly.pipeline.yaml');
  await lsp.open(nightly, NIGHTLY);
  await rules(lsp, nightly, []);
  const files = Array.from({ length: 300 }, (_, index) => `many/p${index}.pipeline.yaml`);
  write(
    root,
    Object.fromEntries(files.map((name, index) => [name, TRAIN.replace('rain-train', `p${index}`)])),
  );
  rmSync(at('train.pipeline.yaml'));
  await lsp.watched([
    ...files.map((name) => ({ file: at(name), type: 'created' as const })),
    { file: at('train.pipeline.yaml'), type: 'deleted' },
  ]);
  await rules(lsp, nightly, ['reference/unknown-pipeline']);
  await until('all of them', async () => {
    const all = await workspaceRules(lsp);
    return Object.keys(all).filter((name) => /^p\d+\./.test(name)).length === 300;
  });
});

test('several folders, each with its projects and its settings', async (t) => {
  const a = folder(t, {
    ...PROJECT,
    'inner/modelyard.yaml': 'name: inner\n',
    'inner/p.pipeline.yaml': NIGHTLY,
  });
  const b = folder(t, { 'nightly.pipeline.yaml': NIGHTLY });
  const lsp = await client(t, a, {
    folders: [a, b],
    settings: (scope) => (scope === uri(b) ? { rules: { 'reference/unknown-pipeline': 'warning' } } : null),
  });
  const severity = async (file: string) => {
    await lsp.open(file, NIGHTLY);
    return (await lsp.diagnostics(file)).map((item) => [item.code, item.severity]);
  };
  assert.deepEqual(await severity(path.join(a, 'pipelines/nightly.pipeline.yaml')), []);
  assert.deepEqual(await severity(path.join(a, 'inner/p.pipeline.yaml')), [
    ['reference/unknown-pipeline', 1],
  ]);
  assert.deepEqual(await severity(path.join(b, 'nightly.pipeline.yaml')), [
    ['reference/unknown-pipeline', 2],
  ]);

  const symbols = (query: string) => lsp.request<WorkspaceSymbol[]>('workspace/symbol', { query });
  assert.ok((await symbols('retrain')).length >= 3);

  // Folders come and go.
  const c = folder(t, { 'train.pipeline.yaml': TRAIN.replace('features:', 'only-in-c:') });
  const change = (added: string[], removed: string[]) => {
    const named = (paths: string[]) => paths.map((one) => ({ uri: uri(one), name: path.basename(one) }));
    return lsp.notify('workspace/didChangeWorkspaceFolders', {
      event: { added: named(added), removed: named(removed) },
    });
  };
  await change([c], [b]);
  await until('the new folder', async () => (await symbols('only-in-c')).length > 0);
  await until('the old one to go', async () => {
    const found = await symbols('retrain');
    return found.every(
      (symbol) => !symbol.location.uri.startsWith(uri(b)) || symbol.location.uri.includes('nightly'),
    );
  });
  // A nested project comes into being with its modelyard.yaml.
  mkdirSync(path.join(c, 'sub'));
  writeFileSync(path.join(c, 'sub', 'nightly.pipeline.yaml'), NIGHTLY);
  await lsp.watched([{ file: path.join(c, 'sub'), type: 'created' }]);
  const nested = path.join(c, 'sub', 'nightly.pipeline.yaml');
  await lsp.open(nested, NIGHTLY);
  await rules(lsp, nested, []);
  writeFileSync(path.join(c, 'sub', 'modelyard.yaml'), 'name: sub\n');
  await lsp.watched([{ file: path.join(c, 'sub', 'modelyard.yaml'), type: 'created' }]);
  await rules(lsp, nested, ['reference/unknown-pipeline']);
  rmSync(path.join(c, 'sub', 'modelyard.yaml'));
  await lsp.watched([{ file: path.join(c, 'sub', 'modelyard.yaml'), type: 'deleted' }]);
  await rules(lsp, nested, []);
});

test('a document outside of all folders belongs to the project around it', async (t) => {
  const elsewhere = folder(t, PROJECT);
  const root = folder(t, {});
  const lsp = await client(t, root);
  const nightly = path.join(elsewhere, 'pipelines/nightly.pipeline.yaml');
  await lsp.open(nightly, NIGHTLY);
  await rules(lsp, nightly, []);
  const [found] = await lsp.ask<Location[]>('references', nightly, positionOf(NIGHTLY, 'rain-train', 1, 2), {
    context: { includeDeclaration: true },
  });
  assert.ok(found?.uri.startsWith(uri(elsewhere)));
});
