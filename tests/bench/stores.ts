/** The metadata store with few and with very many runs in it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Row, absoluteRow, median, ratioRow } from './table.js';

const FEW = 100;
const MANY = 100_000;

/** What a child process measured, in ms. */
export function measured(script: string, ...args: readonly string[]): number {
  const result = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (result.status !== 0) throw new Error(`${args.join(' ')} ended with ${String(result.status)}`);
  return Number(result.stdout);
}

export function storeRows(scratch: string, script: string): Row[] {
  const few = path.join(scratch, 'few');
  const many = path.join(scratch, 'many');
  for (const [folder, count] of [
    [few, FEW],
    [many, MANY],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    measured(script, 'seed', folder, String(count));
  }
  // The listing first: recording adds runs.
  const times = (verb: string): number =>
    median(Array.from({ length: 7 }, () => measured(script, verb, many)));
  const newest = times('newest');
  const floor = times('tail');
  const pairs = Array.from(
    { length: 5 },
    () => [measured(script, 'record', few), measured(script, 'record', many)] as const,
  );
  return [
    ratioRow(
      {
        work: `recording a run, ${MANY / 1000}k runs in the store`,
        beside: `the same with ${FEW}`,
        ours: median(pairs.map(([, there]) => there)),
        peer: median(pairs.map(([here]) => here)),
        unit: 'ms',
      },
      1.5,
    ),
    absoluteRow(
      {
        work: `newest 100 of ${MANY / 1000}k runs, cold process`,
        beside: 'reading and parsing the last 64 KB of the index',
        ours: newest,
        peer: floor,
        unit: 'ms',
      },
      50,
    ),
  ];
}
