/** Which tasks are looked at in each run, and which can be known to be done. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { buildGraph } from '../../../../server/definition/graph/graph.js';
import { alwaysRuns } from '../../../../server/runner/plan/always.js';
import { pipelineOf } from '../../definition/helpers.js';

function check(task: string, always: string | undefined): void {
  const graph = buildGraph(pipelineOf(`tasks: { t: { ${task} } }`).pipeline);
  const [instance] = graph.instances;
  assert.ok(instance !== undefined, task);
  const found = alwaysRuns(instance);
  if (always === undefined) assert.equal(found, undefined, task);
  else assert.match(found ?? '', new RegExp(always), task);
}

test('what nothing tells the end of runs each time', () => {
  check('run: x', 'no outputs');
  check('run: x, outputs: { a: b }', undefined);
  check('run: x, metrics: m.json', undefined);
  check('run: x, plots: p.csv', undefined);
  check('run: x, outputs: { a: b }, cache: false', 'cache: false');
  check("check: '${{ true }}'", undefined);
  check("check: '${{ true }}', cache: false", 'cache: false');
  check('materialize: weather', undefined);
  check('training-set: { labels: l.csv, service: s, output: o.csv }', undefined);
  check('register: { model: m, from: a.json }', undefined);
  check('package: { name: p, include: a, entrypoint: b }', undefined);
  check('deploy: { package: p, environment: e }', 'deployed');
  check('service: { name: s, environment: e }', 'what runs');
  check('monitor: { service: s, environment: e }', 'what runs');
  check('approval: { prompt: Go? }', 'people');
  check('pipeline: other', 'each of its tasks');
});
