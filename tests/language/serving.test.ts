/** Deployments over the protocol: what is said of environments, packages and apps, beside a command line that packages. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import type { CodeAction, CompletionList, Hover, Location, MarkupContent } from 'vscode-languageserver/node';
import { applyEdits, positionOf, until, uri } from '../support/lsp-client.js';
import type { LspClient } from '../support/lsp-client.js';
import { modelyard } from '../support/modelyard.js';
import { client, folder, write } from './fixture.js';
import type { TestLike } from './fixture.js';

const SETTINGS = 'name: serving\n';
const DEFINED = `${SETTINGS}environments:\n  staging: { url: "http://127.0.0.1:8100", variables: { region: eu-1 } }\n`;

const PACK = `name: app
kind: app-build
tasks:
  pack:
    package: { name: rain-app, include: [app], entrypoint: ./app/run.sh, health: /health, model: rain }
`;

const SHIP = `name: ship
kind: deployment
tasks:
  put:
    deploy: { package: rain-app@2, model: snow@1, environment: staging, env: { WHERE: "\${{ environment.url }}" } }
  tell:
    needs: [put]
    cache: false
    run: echo \${{ packages.rain-app.version }} \${{ environment.variables.region }}
  serve:
    service: { name: rain, environment: staging, port: 8100 }
  also:
    service: { name: other, environment: staging, port: 8100 }
  watch:
    monitor: { service: rian, rules: [p95 < 1s] }
  ask:
    approval: { prompt: x, who: [ada], count: 2 }
`;

interface Setup {
  readonly root: string;
  readonly lsp: LspClient;
  readonly ship: string;
}

async function setup(t: TestLike, settings: string): Promise<Setup> {
  const root = folder(t, {
    'modelyard.yaml': settings,
    'app.pipeline.yaml': PACK,
    'ship.pipeline.yaml': SHIP,
    'app/run.sh': 'exit 0\n',
  });
  const lsp = await client(t, root);
  const ship = path.join(root, 'ship.pipeline.yaml');
  await lsp.open(ship, SHIP);
  return { root, lsp, ship };
}

const messages = async ({ lsp, ship }: Setup): Promise<string[]> =>
  (await lsp.diagnostics(ship)).map(({ code, message }) => {
    assert.ok(typeof message === 'string');
    return `${String(code)}: ${message}`;
  });

async function labels({ lsp, ship }: Setup, word: string, inside: number): Promise<string[]> {
  const list = await lsp.ask<CompletionList>('completion', ship, positionOf(SHIP, word, 1, inside));
  return list.items.map(({ label }) => label);
}

test('the rules of deployments speak while one types, and follow what a terminal packages', async (t) => {
  const it = await setup(t, DEFINED);
  assert.deepEqual(
    (await messages(it)).map((message) => message.replace(/ \(.*| Expected.*/, '')),
    [
      'deploy/port-conflict: Port 8100 is also that of the service "other" in staging.',
      'deploy/port-conflict: Port 8100 is also that of the service "rain" in staging.',
      'reference/unknown-service: No task of this project starts the service "rian". Did you mean "rain"?',
      'approval/nobody: 2 people have to approve, and only 1 may.',
    ],
  );
  await it.lsp.replace(it.ship, SHIP.replace('rain-app@2', 'rain-app'));
  assert.match((await messages(it))[0] ?? '', /^package\/signature: .* serves the model rain, not snow\.$/);
  await it.lsp.replace(it.ship, SHIP);

  const packed = await modelyard(it.root, 'run', 'app');
  assert.equal(packed.code, 0, packed.output);
  await until('version 2 to be missing', async () =>
    (await it.lsp.rules(it.ship)).includes('reference/unknown-package'),
  );
  assert.equal(
    (await messages(it))[0],
    'reference/unknown-package: The package "rain-app" has no version 2; the newest is 1.',
  );
  write(it.root, { 'app/run.sh': 'exit 1\n' });
  assert.equal((await modelyard(it.root, 'run', 'app')).code, 0);
  await until(
    'version 2 to be there',
    async () => !(await it.lsp.rules(it.ship)).includes('reference/unknown-package'),
  );
  const versions = await labels(it, 'rain-app@2', 'rain-app@'.length);
  assert.deepEqual(versions.slice(0, 2), ['rain-app@2', 'rain-app@1']);
});

test('an environment that nobody defines is an error, with the definition as its fix', async (t) => {
  const it = await setup(t, SETTINGS);
  const { lsp, ship, root } = it;
  const found = (await lsp.diagnostics(ship)).filter(({ code }) => code === 'reference/unknown-environment');
  assert.equal(found.length, 3);
  const [first] = found;
  assert.ok(first);
  assert.equal(
    first.message,
    'There is no environment "staging". Define it in modelyard.yaml: `environments: { staging: {} }`.',
  );
  const actions = await lsp.ask<CodeAction[]>('codeAction', ship, undefined, {
    range: first.range,
    context: { diagnostics: [first] },
  });
  const action = actions.find(({ title }) => title === 'Define the environment "staging" in modelyard.yaml');
  const settings = uri(path.join(root, 'modelyard.yaml'));
  const changes = action?.edit?.documentChanges ?? [];
  const edits =
    action?.edit?.changes?.[settings] ??
    changes.flatMap((change) =>
      'textDocument' in change && change.textDocument.uri === settings ? change.edits : [],
    );
  const mended = applyEdits(SETTINGS, edits as Parameters<typeof applyEdits>[1]);
  assert.equal(mended, `${SETTINGS}environments:\n  staging: {}\n`);
  await lsp.open(path.join(root, 'modelyard.yaml'), mended);
  assert.ok(!(await lsp.rules(ship)).includes('reference/unknown-environment'));
});

test('completion, hover and jumps know environments and packages in expressions', async (t) => {
  const it = await setup(t, DEFINED);
  const { lsp, ship, root } = it;
  assert.equal((await modelyard(root, 'run', 'app')).code, 0);
  assert.deepEqual(await labels(it, 'environment.url', 'environment.'.length), [
    'name',
    'url',
    'target',
    'variables',
  ]);
  assert.deepEqual(await labels(it, 'variables.region', 'variables.'.length), ['region']);
  assert.ok((await labels(it, 'rain-app.version', 'rain-app.'.length)).includes('reference'));
  const text = async (word: string, inside: number): Promise<string> => {
    const hover = await lsp.ask<Hover>('hover', ship, positionOf(SHIP, word, 1, inside));
    return (hover.contents as MarkupContent).value;
  };
  assert.match(
    await text('environment.url', 'environment.u'.length),
    /`http:\/\/127\.0\.0\.1:8100` in `staging`/,
  );
  await until('the package', async () =>
    (await text('rain-app.version', 'rain-app.v'.length)).includes('`1` now'),
  );
  const found = await lsp.ask<Location | Location[]>(
    'definition',
    ship,
    positionOf(SHIP, 'packages.rain-app', 1, 'packages.r'.length),
  );
  const targets = JSON.stringify(found);
  assert.ok(targets.includes(uri(path.join(root, 'app.pipeline.yaml'))), targets);
});
