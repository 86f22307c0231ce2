/** What rules see of the files that feature views are computed from: the same edges as a run. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { projectGraph } from '../../../server/rules/context.js';
import { memoryProject } from '../../support/project.js';

const features = (source: string, more = '') =>
  `entities:\n  station: { keys: [id] }\nviews:\n  weather:\n    entity: station\n    source: { path: ${source}, timestamp: at }\n    features: { rain: double${more} }\n`;
const pipeline = (compute: string, fetch = '') =>
  `params: { view: weather }\ntasks:\n  compute: { ${compute} }\n  fetch: { run: ./fetch, ${fetch}outputs: { data: data/w.csv } }\n`;

/** Findings about the order in a pipeline that fetches data/w.csv, as `rule text`. */
function check(text: string, source: string, expected: readonly string[]): void {
  const findings = memoryProject({ 'p.pipeline.yaml': text, 'f.features.yaml': features(source) })
    .findings('p.pipeline.yaml')
    .filter(({ rule }) => rule.startsWith('graph/'));
  assert.deepEqual(
    findings.map(({ rule, span }) => `${rule} ${text.slice(span.start, span.end)}`),
    expected,
  );
}

test('a materialize task waits for what makes the sources of its views', () => {
  const waits = pipeline('materialize: weather, needs: [fetch]');
  check(waits, 'data/w.csv', ['graph/redundant-needs fetch']);
  check(waits, 'data/*.csv', ['graph/redundant-needs fetch']);
  check(waits, './data', ['graph/redundant-needs fetch']);
  check(waits, 'other.csv', []);
  check(pipeline('materialize: soil, needs: [fetch]'), 'data/w.csv', []);
  check(pipeline('materialize: "${{ params.view }}", needs: [fetch]'), 'data/w.csv', [
    'graph/redundant-needs fetch',
  ]);
});

test('and a circle through a view is one', () => {
  const text = pipeline('materialize: weather', 'needs: [compute], ');
  check(text, 'data/w.csv', ['graph/cycle compute']);
  check(text, 'other.csv', []);
});

test('a graph is built anew only when a source moves', () => {
  const of = (files: Readonly<Record<string, string>>) => memoryProject(files).view;
  const [definition] = of({ 'p.pipeline.yaml': pipeline('materialize: weather') }).definitions();
  assert.ok(definition?.kind === 'pipeline');
  const graph = (source: string, more?: string) =>
    projectGraph(definition.pipeline, of({ 'f.features.yaml': features(source, more) }));
  const first = graph('data/w.csv');
  assert.deepEqual(
    first.edges.map(({ from, to }) => `${from}>${to}`),
    ['fetch>compute'],
  );
  assert.equal(graph('data/w.csv', ', snow: double'), first);
  assert.deepEqual(graph('other.csv').edges, []);
});

test('who materializes nothing does not ask', () => {
  const [definition] = memoryProject({ 'p.pipeline.yaml': pipeline('run: x') }).view.definitions();
  assert.ok(definition?.kind === 'pipeline');
  const features = () => assert.fail('asked');
  assert.equal(projectGraph(definition.pipeline, { features }).instances.length, 2);
});
