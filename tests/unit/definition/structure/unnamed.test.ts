/** Paths given without the names that they need: read all the same, and named by a fix that loses nothing. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { pipelineOf } from '../helpers.js';

/** What stands below `outputs`, the names under which it is read, and the text after the fix. */
function check(outputs: string, names: readonly string[], fixed: string | undefined): void {
  const head = 'tasks:\n  a:\n    run: x\n    outputs:';
  const text = `${head}${outputs}\n    cache: true\n`;
  const definition = pipelineOf(text);
  assert.deepEqual(
    definition.pipeline.tasks[0]?.outputs.map(({ name }) => name),
    names,
    outputs,
  );
  const [problem, ...others] = definition.problems;
  assert.deepEqual(others, [], outputs);
  const replacement = problem?.replacement;
  const after =
    replacement &&
    text.slice(0, replacement.span.start) + replacement.newText + text.slice(replacement.span.end);
  assert.equal(after?.slice(head.length, -'\n    cache: true\n'.length), fixed, outputs);
  if (after === undefined) return;
  const again = pipelineOf(after);
  assert.deepEqual(again.problems, [], after);
  assert.deepEqual(
    again.pipeline.tasks[0]?.outputs.map(({ name, path }) => [name, path.text]),
    definition.pipeline.tasks[0].outputs.map(({ name, path }) => [name, path.text]),
  );
}

test('paths without names', () => {
  check(' data/train.csv', ['train'], ' { train: data/train.csv }');
  check(' "data/my set.csv"', ['my-set'], ' { my-set: "data/my set.csv" }');
  check(' out/${{ params.n }}.csv', ['out'], " { out: 'out/${{ params.n }}.csv' }");
  check(' 2026/', ['output'], ' { output: 2026/ }');
  check(' [a.csv, b/a.json, c]', ['a', 'a-2', 'c'], ' { a: a.csv, a-2: b/a.json, c: c }');
  check('\n      - a.csv\n      - b.csv', ['a', 'b'], '\n      a: a.csv\n      b: b.csv');
  check('\n    - a.csv\n    - b.csv', ['a', 'b'], '\n      a: a.csv\n      b: b.csv');
  check('\n      - a.csv # first\n      - b.csv', ['a', 'b'], undefined);
});

test('what is no path is told as before', () => {
  check(' 3', [], undefined);
  check(' [{ path: a }]', [], undefined);
});
