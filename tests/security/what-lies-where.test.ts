/** docs/reference/what-lies-where.md names every file that Modelyard makes: in the project, and outside of it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { client } from '../language/fixture.js';
import { TestProject } from '../support/cli.js';
import { DEFINITIONS } from '../support/generated/hostile-memories.js';
import { uri } from '../support/lsp-client.js';
import { TrackingClient } from '../support/tracking.js';
import { freePort } from '../support/service.js';

/** A row of the page: `<…>` stands for a name, a trailing `/` for everything below. */
interface Row {
  readonly place: string;
  readonly pattern: RegExp;
  readonly transient: boolean;
}

function rowsOf(section: string): Row[] {
  const page = readFileSync('docs/reference/what-lies-where.md', 'utf8');
  const text = page.split(/^## /m).find((one) => one.startsWith(section)) ?? '';
  return text.split('\n').flatMap((line) => {
    const [, cell = '', what = ''] = /^\| (`[^|]*) \|([^|]*)\|/.exec(line) ?? [];
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, place = '']) => {
      const source = place
        .replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll(/<[^>]+>/g, '[^/]+')
        .replace(/\/$/, '/.+');
      return { place, pattern: new RegExp(`^${source}$`), transient: what.trim().startsWith('only while') };
    });
  });
}

/** Files, pipes and sockets below a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}

/** Every file is named by a row, and every row that is not of a moment names one. */
function hold(section: string, files: readonly string[]): void {
  const rows = rowsOf(section);
  assert.ok(rows.length > 2, section);
  const unnamed = files.filter((file) => !rows.some(({ pattern }) => pattern.test(file)));
  assert.deepEqual(unnamed, [], `the page names what lies ${section}`);
  const unseen = rows.filter((row) => !row.transient && !files.some((file) => row.pattern.test(file)));
  assert.deepEqual(
    unseen.map(({ place }) => place),
    [],
    `what the page names lies ${section}`,
  );
}

test('every file that commands and the language server leave behind is named, and can be removed', async (t) => {
  const sandbox = mkdtempSync(path.join(os.tmpdir(), 'modelyard-where-'));
  const [home, temp, outside] = ['home', 'temp', 'outside'].map((name) => path.join(sandbox, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [home, temp, outside]) mkdirSync(folder);
  for (const name of ['XDG_CACHE_HOME', 'XDG_STATE_HOME', 'LOCALAPPDATA'])
    Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, { HOME: home, TMPDIR: temp });
  const env = { MODELYARD_MACHINE: undefined };
  const definitions = DEFINITIONS(outside, await freePort());
  const project = await TestProject.make(definitions, sandbox);
  t.after(async () => {
    await project.run(['service', 'stop', 'web'], { env });
    rmSync(sandbox, { recursive: true, force: true });
  });
  const seen = { home: new Set<string>(), temp: new Set<string>(), project: new Set<string>() };
  const look = (): void => {
    for (const file of filesBelow(home)) seen.home.add(`~/${file}`);
    for (const file of filesBelow(temp)) seen.temp.add(file);
    for (const file of filesBelow(project.root)) seen.project.add(file);
  };
  const call = async (code: number, command: string): Promise<void> => {
    await project.expect(code, command.split(' '), { env });
    look();
  };
  await call(0, 'features preview w');
  await call(0, 'features materialize');
  await call(0, 'run main');
  await call(0, 'run ship');
  await call(3, 'run ask');
  await call(0, 'models lineage rain@1');
  await call(0, 'service list --all-projects');
  // What is not a run's is set aside.
  project.write({ in: 'y', out: 'by hand' });
  await call(0, 'run main');
  await call(0, 'service stop web');
  const tracking = await TrackingClient.start(project);
  await tracking.run(await tracking.expect('POST', 'experiments/create', { name: 'rain' }));
  await tracking.expect('POST', 'logged-models', { experiment_id: '0', name: 'net' });
  await tracking.stop();
  look();
  const lsp = await client(t, project.root, { initializationOptions: { trusted: true } });
  await lsp.request('workspace/diagnostic', { previousResultIds: [] });
  const params = { projectUri: uri(project.root), model: 'rain', version: '1' };
  await lsp.request('modelyard/modelLineage', params);
  await lsp.stop();
  await call(0, 'gc --yes');
  hold('In your home', [...seen.home]);
  hold('In the temp folder', [...seen.temp]);
  const ofTasks = ['out', 'model/m', 'model/deep/w', ...Object.keys(definitions)];
  hold(
    'In the project',
    [...seen.project].filter((file) => !ofTasks.includes(file)),
  );
  assert.deepEqual(filesBelow(outside), ['ran'], 'what the task has made');
  // What the page says of removing everything.
  for (const folder of ['.cache/modelyard', '.local/state/modelyard'])
    rmSync(path.join(home, folder), { recursive: true });
  project.remove('.modelyard');
  assert.deepEqual([...filesBelow(home), ...filesBelow(temp)], []);
  assert.deepEqual(filesBelow(project.root).sort(), ofTasks.sort());
  await call(0, 'run main');
});
