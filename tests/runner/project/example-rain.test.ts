/** The example's training set: what was loaded late does not leak into it. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

/** Values of the first row that begins so, by the names of the first line. */
function row(csv: string, start: string): Record<string, string> {
  const [head = '', ...lines] = csv.split('\n');
  const values = lines.find((line) => line.startsWith(start))?.split(',');
  assert.ok(values !== undefined, `no row begins with ${start}`);
  return Object.fromEntries(head.split(',').map((name, index) => [name, values[index] ?? '']));
}

test('a correction that came a week later is not in the row of its day, and would be without the cutoff', async () => {
  const project = await TestProject.make();
  for (const part of [
    'data/seattle-weather.csv',
    'data/seattle-weather-corrections.csv',
    'features',
    'pipelines',
    'src',
  ]) {
    cpSync(path.resolve('examples/rain', part), project.path(part), { recursive: true });
  }
  await project.expect(0, ['run', 'rain-train', '--to', 'features']);
  const known = row(project.read('data/training.csv'), 'seattle,2013-06-14');
  assert.deepEqual([known['wet_today'], Number(known['rain_log']), known['high']], ['0', 0, '20.0']);
  const args = ['--service', 'rain-v1', '--timestamp', 'at', '-o', 'data/leaked.csv', '--no-created-cutoff'];
  await project.expect(0, ['features', 'training-set', 'data/labels.csv', ...args]);
  const leaked = row(project.read('data/leaked.csv'), 'seattle,2013-06-14');
  assert.deepEqual(
    [leaked['wet_today'], Number(leaked['rain_log']), leaked['high']],
    ['1', Math.log(22.6), '18.3'],
  );
  // From the days around it only the corrected one differs.
  const [one, other] = ['data/training.csv', 'data/leaked.csv'].map((file) =>
    row(project.read(file), 'seattle,2013-06-15'),
  );
  assert.deepEqual(one, other);
});
