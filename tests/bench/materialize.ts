/** `modelyard features materialize` as a whole command, over three million real rows. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, medianOf, timed } from './processes/process.js';
import { type Row, absoluteRow, floorRow } from './table.js';

const FEATURES = `entities:
  airport: { keys: [origin] }
views:
  flights:
    entity: airport
    source: { path: flights.parquet, timestamp: date }
    features: { delay: double, distance: double, destination: string }
`;

/** @param root of the repository */
export function materializeRows(scratch: string, root: string): Row[] {
  const cwd = path.join(scratch, 'flights');
  mkdirSync(cwd, { recursive: true });
  writeFileSync(path.join(cwd, 'modelyard.yaml'), 'name: flights\n');
  writeFileSync(path.join(cwd, 'flights.features.yaml'), FEATURES);
  cpSync(
    path.join(root, 'node_modules/vega-datasets/data/flights-3m.parquet'),
    path.join(cwd, 'flights.parquet'),
  );
  const command = (...args: string[]): Command => ({
    file: process.execPath,
    args: [path.join(root, 'dist/cli.js'), 'features', ...args],
    cwd,
  });
  const all = medianOf(3, command('materialize', '--full'));
  timed(command('materialize'));
  const again = medianOf(15, command('materialize'));
  const list = medianOf(15, command('list'));
  const bare = medianOf(15, { file: process.execPath, args: ['-e', '0'], cwd });
  return [
    floorRow({
      work: 'materialize 3M rows with statistics',
      beside: '–',
      ours: all,
      peer: Number.NaN,
      unit: 'ms',
    }),
    absoluteRow(
      { work: 'the same, nothing changed', beside: '`features list`', ours: again, peer: list, unit: 'ms' },
      150,
    ),
    floorRow({
      work: '`features list`',
      beside: 'node that does nothing',
      ours: list,
      peer: bare,
      unit: 'ms',
    }),
  ];
}
