/** `modelyard lint` as a whole command; the floor is `yaml` itself parsing the same files and doing nothing else. */
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { writeManyFiles } from './language.js';
import { medianOf } from './processes/process.js';
import { type Row, absoluteRow } from './table.js';

export function lintRows(scratch: string, cli: string): Row[] {
  const folder = mkdtempSync(path.join(scratch, 'lint-'));
  writeManyFiles(folder, 500);
  const ours = medianOf(5, { file: process.execPath, args: [cli, 'lint'], cwd: folder });
  const texts = readdirSync(path.join(folder, 'pipelines')).map((name) =>
    readFileSync(path.join(folder, 'pipelines', name), 'utf8'),
  );
  const start = performance.now();
  for (const text of texts) parseDocument(text);
  const floor = performance.now() - start;
  return [
    absoluteRow(
      {
        work: 'modelyard lint, 500 files of 100 lines, whole command',
        beside: 'yaml.parseDocument of the same texts alone',
        ours,
        peer: floor,
        unit: 'ms',
      },
      2000,
    ),
  ];
}
