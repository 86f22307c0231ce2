/** Hostile clients and hostile files: the server answers, and goes on answering. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ErrorCodes } from 'vscode-languageserver/node';
import type { Requests } from '../../server/protocol/index.js';
import { cases, fc } from '../support/generated/cases.js';
import { HOSTILE } from '../support/generated/hostile.js';
import { uri as uriOf } from '../support/lsp-client.js';
import { TestProject } from '../support/cli.js';
import { DEFINITIONS } from '../support/generated/hostile-memories.js';
import { mergeConfig } from '../../server/serving/services/config.js';
import { SERVICE_SCHEMA_VERSION, type ServiceDocument } from '../../server/serving/types.js';
import { TRAIN, client, folder, project } from './fixture.js';

const NOTIFICATIONS = [
  'textDocument/didOpen',
  'textDocument/didChange',
  'textDocument/didClose',
  'workspace/didChangeWatchedFiles',
  'workspace/didChangeConfiguration',
  'workspace/didChangeWorkspaceFolders',
  'modelyard/trusted',
];
const REQUESTS = [
  'textDocument/hover',
  'textDocument/completion',
  'textDocument/definition',
  'textDocument/references',
  'textDocument/documentHighlight',
  'textDocument/prepareRename',
  'textDocument/rename',
  'textDocument/codeAction',
  'textDocument/codeLens',
  'textDocument/documentSymbol',
  'textDocument/semanticTokens/full',
  'textDocument/inlayHint',
  'textDocument/diagnostic',
  'workspace/symbol',
  'completionItem/resolve',
];

/** Params with the right keys and anything for their values. */
function hostile(uri: string): fc.Arbitrary<object> {
  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      5,
      -1,
      1.5,
      1e300,
      true,
      '',
      'x',
      [],
      {},
      uri,
      `${uri}#x`,
      'file:///',
      'untitled:a',
      ':',
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const position = fc.record({ line: junk, character: junk }, { requiredKeys: [] });
  const range = fc.record(
    { start: fc.oneof(position, junk), end: fc.oneof(position, junk) },
    { requiredKeys: [] },
  );
  const change = fc.oneof(
    fc.record({ range: fc.oneof(range, junk), text: junk }, { requiredKeys: [] }),
    junk,
  );
  const document = fc.record(
    { uri: junk, text: junk, version: junk, languageId: junk },
    { requiredKeys: [] },
  );
  return fc.record(
    {
      textDocument: fc.oneof(document, junk),
      contentChanges: fc.oneof(fc.array(change, { maxLength: 3 }), junk),
      changes: fc.oneof(
        fc.array(fc.oneof(fc.record({ uri: junk, type: junk }), junk), { maxLength: 3 }),
        junk,
      ),
      event: fc.oneof(fc.record({ added: junk, removed: junk }), junk),
      settings: junk,
      position: fc.oneof(position, junk),
      range: fc.oneof(range, junk),
      context: fc.oneof(fc.record({ diagnostics: junk, includeDeclaration: junk }), junk),
      newName: junk,
      query: junk,
      label: junk,
      data: junk,
    },
    { requiredKeys: [] },
  );
}

test('2,000 hostile messages neither kill nor poison the server', async (t) => {
  const { lsp, at } = await project(t);
  const other = uriOf(at('train.pipeline.yaml'));
  const messages = fc.sample(
    fc.tuple(fc.constantFrom(...NOTIFICATIONS, ...REQUESTS), hostile(`${other}.nothing.yaml`)),
    { numRuns: cases(2_000, 20_000), seed: 16 },
  );
  let waiting: Promise<unknown>[] = [];
  for (const [method, params] of messages) {
    if (NOTIFICATIONS.includes(method)) await lsp.notify(method, params);
    else waiting.push(lsp.request(method, params).catch(() => undefined));
    if (waiting.length >= 50) {
      await Promise.all(waiting);
      waiting = [];
    }
  }
  await Promise.all(waiting);
  assert.equal(lsp.process.exitCode, null);
  await lsp.notify('textDocument/didOpen', {
    textDocument: { uri: other, languageId: 'yaml', version: 1, text: TRAIN },
  });
  const hover = await lsp.request('textDocument/hover', {
    textDocument: { uri: other },
    position: { line: 5, character: 3 },
  });
  assert.match(JSON.stringify(hover), /epochs/);
});

/** Every request of our own: a new one is missing here until it is tried. */
const OWN: Readonly<Record<keyof Requests, true>> = {
  'modelyard/pipelines': true,
  'modelyard/runs': true,
  'modelyard/run': true,
  'modelyard/graph': true,
  'modelyard/plan': true,
  'modelyard/fileStatus': true,
  'modelyard/selectPython': true,
  'modelyard/checkParams': true,
  'modelyard/artifactFiles': true,
  'modelyard/runChanges': true,
  'modelyard/experiments': true,
  'modelyard/experimentCurves': true,
  'modelyard/markRuns': true,
  'modelyard/deleteRun': true,
  'modelyard/cancelRun': true,
  'modelyard/steerJob': true,
  'modelyard/approvals': true,
  'modelyard/foreignMemories': true,
  'modelyard/trustMemory': true,
  'modelyard/answer': true,
  'modelyard/template': true,
  'modelyard/features': true,
  'modelyard/viewProfile': true,
  'modelyard/viewDrift': true,
  'modelyard/viewRows': true,
  'modelyard/draftFeatures': true,
  'modelyard/models': true,
  'modelyard/modelVersions': true,
  'modelyard/modelVersion': true,
  'modelyard/modelHistory': true,
  'modelyard/modelLineage': true,
  'modelyard/compareModels': true,
  'modelyard/modelCard': true,
  'modelyard/modelArtifact': true,
  'modelyard/previousAlias': true,
  'modelyard/changeModel': true,
  'modelyard/exportModel': true,
  'modelyard/importModel': true,
  'modelyard/checkName': true,
  'modelyard/services': true,
  'modelyard/serviceOrder': true,
  'modelyard/serviceHistory': true,
  'modelyard/serviceSamples': true,
  'modelyard/serviceSample': true,
  'modelyard/serviceMetrics': true,
  'modelyard/trash': true,
  'modelyard/dvcData': true,
};

/** A service that has ended. */
const STOPPED: ServiceDocument = {
  schema: SERVICE_SCHEMA_VERSION,
  name: 'web',
  environment: 'staging',
  desired: 'stopped',
  status: 'stopped',
  config: { ...mergeConfig({}, undefined), port: 8_000 },
  previous: [],
  createdAt: '2026-11-29T00:00:00.000Z',
  updatedAt: '2026-11-29T00:00:00.000Z',
};

/** Params of our own requests: each key is what it should be, a bit off, or anything. */
function hostileOwn(root: string, run: string): fc.Arbitrary<object> {
  const projectUri = uriOf(root);
  const junk = fc.oneof(
    fc.constantFrom<unknown>(null, 5, -1, 1e300, true, '', 'x', '../..', '\0', '__proto__', [], {}, [null]),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const or = (...values: unknown[]): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 7, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: junk });
  const shape = (keys: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
    fc
      .tuple(fc.record(keys), fc.array(fc.constantFrom(...Object.keys(keys)), { maxLength: 3 }))
      .map(([all, left]) => Object.fromEntries(Object.entries(all).filter(([key]) => !left.includes(key))));
  const any = (keys: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 5, arbitrary: shape(keys) }, { weight: 1, arbitrary: junk });
  const many = (one: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 5, arbitrary: fc.array(one, { maxLength: 2 }) }, { weight: 1, arbitrary: junk });
  const version = any({ model: or('rain', 'constructor'), version: or('1', '2', '../1') });
  // Not `start`: it would.
  const verbs = ['stop', 'traffic', 'promote', 'abort', 'rollback', 'constructor'];
  const changes = ['set-alias', 'remove-alias', 'roll-back', 'set-tag', 'remove-tag', 'describe', 'toString'];
  return shape({
    projectUri: or(projectUri, projectUri, projectUri, `${projectUri}/..`),
    uri: or(`${projectUri}/main.pipeline.yaml`, `${projectUri}/w.features.yaml`, `${projectUri}/data.csv`),
    id: or(run, 'constructor', '../../x'),
    run: or(run, '../../x'),
    runId: or(run, '../../x'),
    task: or('a', 'sign', 'constructor'),
    verdict: or('approved', 'rejected'),
    comment: or('yes', '\u001b[2J'),
    model: or('rain', 'constructor', '../../rain'),
    view: or('w', 'constructor', '../../w'),
    environment: or('staging', 'constructor', '../../staging'),
    name: or('web', 'w', 'constructor', '../../web'),
    kind: or('model-build', 'deployment'),
    path: or('out', 'model', '../../etc/passwd', '/etc/passwd'),
    version: or('1', 1, '2', '../1'),
    against: or(1, 0, 1.5),
    limit: or(10, 0, -5, 1e9, 0.5),
    offset: or(0, -1, 0.5),
    before: or(run, '1', 1),
    statuses: many(or('succeeded', 'constructor')),
    text: or('rain', 'a=b'),
    filter: or('params.epochs > 1 or tag.keep', '((', 'nothing = 1'),
    columns: many(or('metrics.accuracy:best', 'created', '__proto__')),
    catalogue: or(true),
    since: or('2026-01-01', 'x'),
    ids: many(or(run, '../../x', '20260101-000000-0000')),
    metrics: many(or('a.accuracy', '')),
    points: or(100, 1, 1e300),
    pipeline: or('main', 'constructor'),
    alias: or('best', '../x'),
    reason: or('because'),
    request: any({ method: or('GET', 'G\r\nX'), path: or('/', 'x', '/\r\n'), body: or('{}') }),
    order: any({ verb: or(...verbs), percent: or(5, 101), release: or('r1', '../x'), traffic: junk }),
    expected: any({ current: or(null, 'r1'), candidate: or(null) }),
    change: any({
      kind: or(...changes),
      alias: or('best', '../x'),
      version: or('1', '../1'),
      expected: or(null, '1'),
      key: or('k', '__proto__'),
      value: or('v', '\0'),
      text: or('words'),
      star: or(true),
      note: or('words', '\u0000'),
      tags: any({ keep: or(''), 'a b': junk }),
      untag: many(or('keep')),
    }),
    what: or('model', 'alias', 'tag-key', 'tag-value', 'constructor'),
    params: any({ epochs: junk, constructor: junk }),
    windowMs: or(60_000, 1e300, -1),
    sort: or('newest', 'metric', { column: 'x', descending: true }, { column: 'x' }, { key: 'accuracy' }),
    filters: many(any({ column: or('x', '"'), text: or('1', '%') })),
    versions: many(or('1', '../1')),
    includeDeleted: or(true),
    a: version,
    b: version,
    to: or(`${projectUri}/exported`, `${projectUri}/x.tar`, 'untitled:x'),
    from: or(`${projectUri}/exported`, `${projectUri}/nothing.tar`),
    as: or('other', '../other'),
  });
}

test('hostile params of our own requests are refused by what is wrong with them', async (t) => {
  const rich = await TestProject.make(DEFINITIONS(folder(t, {}), 1));
  await rich.expect(0, ['run', 'main']);
  await rich.expect(3, ['run', 'ask']);
  rich.write({ '.modelyard/services/staging/web/service.json': JSON.stringify(STOPPED) });
  const lsp = await client(t, rich.root, { initializationOptions: { trusted: true } });
  const [run = ''] = /\d{8}-[\w-]+/.exec((await rich.expect(0, ['runs', 'list', '--json'])).stdout) ?? [];
  const messages = fc.sample(fc.tuple(fc.constantFrom(...Object.keys(OWN)), hostileOwn(rich.root, run)), {
    numRuns: cases(800, 20_000),
    seed: 15,
  });
  // What has been deleted can't be asked for any more.
  messages.sort(([a], [b]) => Number(a === 'modelyard/deleteRun') - Number(b === 'modelyard/deleteRun'));
  const all: readonly (readonly [string, object | undefined])[] = [
    ...Object.keys(OWN).flatMap((method) => [[method, undefined] as const, [method, [1]] as const]),
    ...messages,
  ];
  const failed: string[] = [];
  for (let begin = 0; begin < all.length; begin += 50) {
    await Promise.all(
      all.slice(begin, begin + 50).map(([method, params]) =>
        lsp.request(method, params).catch((error: unknown) => {
          const { code, message } = error as { code?: number; message?: string };
          if (code !== ErrorCodes.InvalidParams) {
            failed.push(`${method} ${JSON.stringify(params)}: ${code ?? ''} ${message ?? ''}`);
          }
        }),
      ),
    );
  }
  assert.deepEqual(failed.slice(0, 5), []);
  assert.equal(lsp.process.exitCode, null);
});

test('beside more than a hundred hostile definitions every other file is answered', async (t) => {
  const files = Object.fromEntries(
    [3_000, 20_000].flatMap((length) =>
      Object.values(HOSTILE).map((make, index) => [`hostile/${length}-${index}.pipeline.yaml`, make(length)]),
    ),
  );
  assert.ok(Object.keys(files).length >= 100);
  const { lsp, at } = await project(t, { files });
  const uri = uriOf(at('train.pipeline.yaml'));
  await lsp.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'yaml', version: 1, text: TRAIN },
  });
  const ask = async (): Promise<number> => {
    const begin = performance.now();
    const hover = await lsp.request('textDocument/hover', {
      textDocument: { uri },
      position: { line: 5, character: 3 },
    });
    assert.match(JSON.stringify(hover), /epochs/);
    return performance.now() - begin;
  };
  const checked = lsp.request('workspace/diagnostic', { previousResultIds: [] });
  const began = performance.now();
  const state = { done: false };
  void checked.finally(() => (state.done = true)).catch(() => undefined);
  const during: number[] = [];
  while (!state.done) during.push(await ask());
  await checked;
  // Who waits for a file waits for all of them: a share of the same run says more than milliseconds of a busy machine.
  const whole = performance.now() - began;
  during.sort((left, right) => left - right);
  const median = during[Math.floor(during.length / 2)] ?? whole;
  assert.ok(during.length >= 20, `only ${during.length} hovers were answered meanwhile`);
  assert.ok(median < whole / 20, `half of the hovers took ${median} of ${whole} ms`);
});

test('who asks about a very long line keeps nobody waiting, and points at nothing for long', async (t) => {
  const { lsp, at } = await project(t);
  const [other, long] = [uriOf(at('train.pipeline.yaml')), uriOf(at('long.pipeline.yaml'))];
  const open = (uri: string, text: string): Promise<void> =>
    lsp.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  await open(other, TRAIN);
  await open(long, HOSTILE['a huge flow map']?.(400_000) ?? '');
  const order: string[] = [];
  const ask = async (what: string, method: string, uri: string, position?: object): Promise<unknown> => {
    const answer = await lsp.request(method, { textDocument: { uri }, position });
    order.push(what);
    return answer;
  };
  const [symbols, pointed, hover] = await Promise.all([
    ask('symbols', 'textDocument/documentSymbol', long),
    ask('pointed', 'textDocument/hover', long, { line: 0, character: 9 }),
    ask('other', 'textDocument/hover', other, { line: 5, character: 3 }),
  ]);
  assert.deepEqual(order, ['other', 'pointed', 'symbols']);
  assert.match(JSON.stringify(hover), /epochs/);
  assert.deepEqual(pointed, { contents: 'This file is still being read.' });
  assert.ok(Array.isArray(symbols) && symbols.length > 0);
  const again = await lsp.request('textDocument/hover', {
    textDocument: { uri: long },
    position: { line: 0, character: 9 },
  });
  assert.notDeepEqual(again, pointed);
});
