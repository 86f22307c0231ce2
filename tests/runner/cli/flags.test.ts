/** Flags belong to a subcommand, and `--dry` changes nothing. */
import assert from 'node:assert/strict';
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { UsageError, readArguments } from '../../../server/cli/args.js';
import type { Command } from '../../../server/cli/command.js';
import { features } from '../../../server/cli/commands/features/features.js';
import { models } from '../../../server/cli/commands/models/models.js';
import { packages } from '../../../server/cli/commands/deployment/packages.js';
import { runs } from '../../../server/cli/commands/runs/runs.js';
import { service } from '../../../server/cli/commands/services/service.js';
import { TestProject } from '../../support/cli.js';
import { model } from '../../support/registering.js';

const FAMILIES: readonly Command[] = [features, models, packages, runs, service];

for (const command of FAMILIES) {
  test(`${command.name}: a flag of another subcommand is refused by name`, async () => {
    const subcommands = Object.entries(command.subcommands ?? {});
    assert.ok(subcommands.length > 0);
    for (const [word, { flags }] of subcommands) {
      for (const [flag, { type }] of Object.entries(command.flags)) {
        if (Object.hasOwn(flags, flag)) continue;
        const argv = [word, `--${flag}`, ...(type === 'string' ? ['1'] : [])];
        await assert.rejects(
          command.run(readArguments(command.name, command.flags, command.most, argv)),
          (error) =>
            error instanceof UsageError &&
            error.message.startsWith(`"--${flag}" is not a flag of modelyard ${command.name} ${word};`),
          argv.join(' '),
        );
      }
    }
  });

  test(`${command.name}: what subcommands call a flag means one thing`, () => {
    for (const { flags } of Object.values(command.subcommands ?? {})) {
      for (const [name, { type, short }] of Object.entries(flags)) {
        const one = command.flags[name];
        assert.deepEqual([one?.type, one?.short], [type, short], name);
      }
    }
  });
}

/** Every file below a folder with its bytes, mode and time of change. */
function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const stat = lstatSync(path.join(folder, name));
      const bytes = stat.isFile() ? readFileSync(path.join(folder, name), 'base64') : '';
      return [name, `${stat.mode} ${stat.mtimeMs} ${bytes}`];
    }),
  );
}

test('--dry says what would be done, with its exit code, and leaves every byte as it was', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': 'tasks:\n  a: { run: echo a > a, outputs: { a: a } }\n',
    'app.pipeline.yaml':
      'kind: app-build\ntasks:\n  p: { package: { name: app, include: [app], entrypoint: cat app/x } }\n',
    'app/x': 'x',
    'm1.bin': '1',
    'm2.bin': '2',
    'data/v.csv': 'id,ts,x\na,2024-01-01,1\n',
    'data/l.csv': 'id,ts\na,2024-01-02\n',
    'f.features.yaml':
      'entities: { e: { keys: [id] } }\nviews: { v: { entity: e, source: { path: data/v.csv, timestamp: ts }, features: { x: double } } }\nservices: { s: [v] }\n',
    'modelyard.yaml': 'name: test\nenvironments: { staging: {} }\n',
  });
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['run', 'app']);
  await project.expect(0, ['models', 'register', 'm', 'm1.bin', '--alias', 'prod']);
  await project.expect(0, ['models', 'register', 'm', 'm2.bin', '--alias', 'prod', '--tag', 'a=b']);
  await project.expect(0, ['models', 'register', 'm', 'main.pipeline.yaml']);
  await project.expect(0, ['models', 'delete', 'm@3']);
  await project.expect(0, ['models', 'export', 'm', 'm.tar']);
  const run = project.lastRun().id;
  const before = snapshot(project.root);
  const table: readonly (readonly [string, RegExp, number?])[] = [
    ['models register m a', /^would make m 4 /],
    ['models register new a', /^would make new 1 /],
    ['models register m m1.bin', /^these bytes are m 1 already/],
    ['models alias m@1 prod', /^would change m: prod: 2 → 1\n/],
    ['models alias m@9 prod', /no version 9/, 2],
    ['models alias m prod --remove', /^would change m: prod: 2 → none/],
    ['models rollback m prod', /^m: prod: 2 → 1, if it were rolled back\n/],
    ['models tag m@2 c=d', /^would change m 2: a=b, c=d\n/],
    ['models tag m@2 --remove a', /^would change m 2: no tags\n/],
    ['models describe m text', /^would describe m\n/],
    ['models delete m@1', /^would delete m 1\n/],
    ['models delete m@2', /the alias prod points to it/, 1],
    ['models delete m', /aliases point to it/, 1],
    ['models delete m@1 --purge', /^would delete m 1 for good\n/],
    ['models delete m@3 --purge', /^would delete m 3 for good\n/],
    ['models restore m@3', /^would restore m 3\n/],
    ['models import m.tar --name other', /^would import \d versions? of other/],
    ['models import m.tar', /^would import \d versions? of m/],
    ['packages delete app@1', /^would delete version 1 of app\n/],
    [`runs delete ${run}`, /^would delete \d/],
    ['runs delete nope', /There is no run "nope"/, 2],
    ['features materialize', /^would compute v: /],
    ['deploy app -e staging -m m@prod', /^would make a release of app@1 with m@2 in staging\n/],
    ['gc --all', /freed|would|entr/i],
  ];
  for (const [line, says, code = 0] of table) {
    const { stdout, stderr } = await project.expect(code, [...line.split(' '), '--dry']);
    assert.match(`${stdout}${stderr.replace(/^modelyard: /, '')}`, says, line);
    assert.deepEqual(snapshot(project.root), before, line);
  }
  const { stdout } = await project.expect(0, ['models', 'delete', 'm@1', '--dry', '--json']);
  assert.deepEqual(JSON.parse(stdout), {
    formatVersion: 1,
    model: 'm',
    version: '1',
    deleted: true,
    applied: false,
  });
  assert.equal((await model(project, 'm')).name, 'm');
});
