/** The model registry and lineage with little and with very much in them. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Registry } from '../../server/stores/registry/registry.js';
import { measured } from './stores.js';
import { type Row, absoluteRow, floorRow, median, ratioRow } from './table.js';

const VERSIONS = 10_000;
const MODELS = 1_000;
const RUNS = 10_000;
const PROCESSES = 4;
const MOVES = 100;

function folder(scratch: string, name: string): string {
  const made = path.join(scratch, name);
  mkdirSync(made, { recursive: true });
  return made;
}

/** Medians of a verb in two folders, in turns. */
function both(script: string, verb: string, much: string, little: string): { ours: number; peer: number } {
  const pairs = Array.from(
    { length: 5 },
    () => [measured(script, verb, little), measured(script, verb, much)] as const,
  );
  return { ours: median(pairs.map(([, there]) => there)), peer: median(pairs.map(([here]) => here)) };
}

export async function registryRows(scratch: string, script: string): Promise<Row[]> {
  const place = (name: string, verb: string, count: number): string => {
    const root = folder(scratch, name);
    measured(script, verb, root, String(count));
    return root;
  };
  const one = place('one-version', 'seed-versions', 1);
  const many = place('many-versions', 'seed-versions', VERSIONS);
  const few = place('few-models', 'seed-models', 1);
  const models = place('many-models', 'seed-models', MODELS);
  const runs = place('many-runs', 'seed-runs', RUNS);
  const hundred = place('few-runs', 'seed-runs', 100);
  return [
    ratioRow(
      {
        work: `registering, ${VERSIONS / 1000}k versions of the model`,
        beside: 'the same with 1',
        ...both(script, 'register', many, one),
        unit: 'ms',
      },
      1.5,
    ),
    absoluteRow(
      {
        work: `the Models view of ${MODELS} models of 20 versions, cold process`,
        beside: 'the same with 1 model',
        ...both(script, 'list', models, few),
        unit: 'ms',
      },
      300,
    ),
    absoluteRow(
      {
        work: `what production stands on, ${RUNS / 1000}k runs, cold process`,
        beside: 'the same with 100 runs',
        ...both(script, 'upstream', runs, hundred),
        unit: 'ms',
      },
      100,
    ),
    absoluteRow(
      {
        work: `what used a file of 100 runs, ${RUNS / 1000}k runs, cold process`,
        beside: 'the same with 100 runs',
        ...both(script, 'downstream', runs, hundred),
        unit: 'ms',
      },
      100,
    ),
    absoluteRow(
      {
        work: `what used a file of all ${RUNS / 1000}k runs, index in memory`,
        beside: 'the same with 100 runs',
        ...both(script, 'downstream-of-all', runs, hundred),
        unit: 'ms',
      },
      100,
    ),
    await contention(folder(scratch, 'contention'), script),
  ];
}

/** Throws when a move is lost: a figure of a registry that loses some is none. */
async function contention(root: string, script: string): Promise<Row> {
  measured(script, 'seed-versions', root, '2');
  const alone = measured(script, 'move', root, String(MOVES));
  const together = await Promise.all(
    Array.from({ length: PROCESSES }, () => inBackground(script, 'move', root, String(MOVES))),
  );
  const history = Registry.open(root).history('rain', { limit: Infinity });
  if (!history.ok) throw new Error(history.error.message);
  const moves = history.entries.filter(({ action }) => action === 'alias-set').length;
  const wanted = (PROCESSES + 1) * MOVES;
  if (moves !== wanted) throw new Error(`${wanted - moves} of ${wanted} alias moves were lost`);
  return floorRow({
    work: `moving an alias, ${PROCESSES} processes at once, nothing lost`,
    beside: `${PROCESSES} × the time of one process alone`,
    ours: median(together),
    peer: alone * PROCESSES,
    unit: 'ms',
  });
}

function inBackground(script: string, ...args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(Number(out)) : reject(new Error(`${args.join(' ')} ended with ${String(code)}`)),
    );
  });
}
