/** The language server over the wire, beside yaml-language-server on the same text. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { HOSTILE } from '../support/generated/hostile.js';
import { LspPeer } from './processes/lsp-peer.js';
import type { Peers } from './processes/peers.js';
import { residentMb } from './processes/process.js';
import { type Row, absoluteRow, median, percentile } from './table.js';
import { chainedPipeline } from './workload.js';

const DEBOUNCE_OF_YAML_LS = 200;
const SIZES = [
  { lines: '1.2k', tasks: 150, bar: 30, edits: 60 },
  { lines: '6k', tasks: 750, bar: 100, edits: 40 },
  { lines: '48k', tasks: 6000, bar: 800, edits: 12 },
];

async function start(
  command: readonly string[],
  folder: string,
  settings: Record<string, unknown>,
  pull: boolean,
): Promise<LspPeer> {
  const peer = new LspPeer(command, settings);
  const uri = pathToFileURL(folder).href;
  await peer.request('initialize', {
    processId: process.pid,
    rootUri: uri,
    workspaceFolders: [{ uri, name: 'bench' }],
    capabilities: {
      textDocument: {
        ...(pull ? { diagnostic: {} } : {}),
        publishDiagnostics: { versionSupport: true },
        synchronization: {},
      },
      workspace: { configuration: true, workspaceFolders: true },
    },
  });
  peer.notify('initialized', {});
  return peer;
}

interface Edits {
  readonly uri: string;
  readonly text: string;
}

/** Types a character into the description of a task in the middle of the file, and takes it out again. */
function editAt(text: string, tasks: number, index: number): { line: number; character: number } {
  const task = Math.floor(tasks / 3) + (index % 7);
  const line = 5 + task * 8 + 1;
  const content = text.split('\n', line + 1)[line] ?? '';
  return { line, character: content.length };
}

/**
 * Milliseconds of each edit until its diagnostics are there.
 *
 * @param diagnosed does what it is given (opens or changes the file) and resolves with the diagnostics of that state
 */
async function editTimes(
  peer: LspPeer,
  { uri, text }: Edits,
  tasks: number,
  edits: number,
  diagnosed: (act: () => void) => Promise<unknown>,
): Promise<number[]> {
  await diagnosed(() =>
    peer.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } }),
  );
  const times: number[] = [];
  for (let i = 0; i < edits; i++) {
    const at = editAt(text, tasks, i >> 1);
    const insert = i % 2 === 0;
    const range = insert
      ? { start: at, end: at }
      : { start: at, end: { line: at.line, character: at.character + 1 } };
    const before = performance.now();
    await diagnosed(() =>
      peer.notify('textDocument/didChange', {
        textDocument: { uri, version: i + 2 },
        contentChanges: [{ range, text: insert ? 'x' : '' }],
      }),
    );
    times.push(performance.now() - before);
  }
  return times;
}

function pullTimes(peer: LspPeer, file: Edits, tasks: number, edits: number): Promise<number[]> {
  return editTimes(peer, file, tasks, edits, (act) => {
    act();
    return peer.request('textDocument/diagnostic', { textDocument: { uri: file.uri } });
  });
}

async function pushTimes(peer: LspPeer, file: Edits, tasks: number, edits: number): Promise<number[]> {
  const times = await editTimes(peer, file, tasks, edits, (act) => {
    const next = peer.nextNotification(
      'textDocument/publishDiagnostics',
      (params) => (params as { uri: string }).uri === file.uri,
    );
    act();
    return next;
  });
  return times.map((ms) => ms - DEBOUNCE_OF_YAML_LS);
}

async function requestTimes(
  peer: LspPeer,
  method: string,
  uri: string,
  positions: readonly { line: number; character: number }[],
): Promise<number[]> {
  const times: number[] = [];
  for (const position of positions) {
    const before = performance.now();
    await peer.request(method, { textDocument: { uri }, position });
    times.push(performance.now() - before);
  }
  return times;
}

/** The bars count the work and not the pause that is kept before it on slow files. */
const NO_DEBOUNCE = { modelyard: { lint: { debounce: 0 } } };

const YAML_SETTINGS = {
  yaml: { validate: true, completion: true, hover: true, schemaStore: { enable: false } },
};

export async function languageRows(
  scratch: string,
  server: string,
  schema: string,
  peers: Peers,
): Promise<Row[]> {
  const rows: Row[] = [];
  const folder = mkdtempSync(path.join(scratch, 'language-'));
  writeFileSync(path.join(folder, 'modelyard.yaml'), 'name: bench\nrules:\n  path/missing-input: off\n');
  for (const size of SIZES) {
    const text = chainedPipeline(size.tasks);
    const file = path.join(folder, `chain-${size.tasks}.pipeline.yaml`);
    writeFileSync(file, text);
    const uri = pathToFileURL(file).href;
    const ours = await start([server, '--stdio'], folder, NO_DEBOUNCE, true);
    const times = await pullTimes(ours, { uri, text }, size.tasks, size.edits);
    const settings = {
      ...YAML_SETTINGS,
      yaml: { ...YAML_SETTINGS.yaml, schemas: { [pathToFileURL(schema).href]: '*.pipeline.yaml' } },
    };
    const other = await start([peers.yamlLanguageServer, '--stdio'], folder, settings, false);
    other.notify('workspace/didChangeConfiguration', { settings });
    const theirs = await pushTimes(other, { uri, text }, size.tasks, Math.min(size.edits, 16));
    rows.push(
      absoluteRow(
        {
          work: `edit → diagnostics, ${size.lines} lines, p95`,
          beside: 'yaml-language-server, its debounce taken off, p95',
          ours: percentile(times.slice(2), 95),
          peer: percentile(theirs.slice(2), 95),
          unit: 'ms',
        },
        size.bar,
      ),
    );
    if (size.lines === '6k') {
      const keys = Array.from({ length: 12 }, (_, i) => ({ line: 5 + (200 + i * 20) * 8 + 1, character: 4 }));
      const words = Array.from({ length: 12 }, (_, i) => ({
        line: 5 + (200 + i * 20) * 8 + 2,
        character: 6,
      }));
      for (const [work, method, positions] of [
        ['completion', 'textDocument/completion', keys],
        ['hover', 'textDocument/hover', words],
      ] as const) {
        const figure = percentile(await requestTimes(ours, method, uri, positions), 95);
        const peer = percentile(await requestTimes(other, method, uri, positions), 95);
        rows.push(
          absoluteRow(
            {
              work: `${work}, 6k lines, p95`,
              beside: 'yaml-language-server',
              ours: figure,
              peer,
              unit: 'ms',
            },
            50,
          ),
        );
      }
    }
    ours.stop();
    other.stop();
  }
  rows.push(...linearity(rows), await memoryRow(scratch, server, peers), await hostileRow(scratch, server));
  return rows;
}

/** 40 times the lines of the smallest file may cost 40 times its time and a half more. */
function linearity(rows: readonly Row[]): Row[] {
  const [small, , large] = rows.filter((row) => row.work.startsWith('edit'));
  if (small === undefined || large === undefined) return [];
  const peer = small.ours * 40;
  return [
    {
      work: 'edit → diagnostics, 48k lines',
      beside: '40 × the figure at 1.2k (linear)',
      ours: large.ours,
      peer,
      unit: 'ms',
      bar: '≤ 1.5 ×',
      ok: large.ours <= peer * 1.5,
    },
  ];
}

/** Writes a project of pipeline files of about 100 lines each. */
export function writeManyFiles(folder: string, count: number): void {
  mkdirSync(path.join(folder, 'pipelines'), { recursive: true });
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  writeFileSync(path.join(folder, 'modelyard.yaml'), 'name: many\n');
  writeFileSync(path.join(folder, 'data', '0.txt'), 'x\n');
  for (let i = 0; i < count; i++) {
    const text = chainedPipeline(12)
      .replace('name: big', `name: p${i}`)
      .replaceAll('data/', `data/`)
      .replaceAll(/data\/([1-9]\d*)\.txt/g, `data/${i}-$1.txt`);
    writeFileSync(path.join(folder, 'pipelines', `p${i}.pipeline.yaml`), text);
  }
}

/** Dense texts: what they cost is of every step from the lexer to the rules. */
const DENSE = ['double quotes', 'open braces', 'aliases', 'unknown keys at the top', 'many params'] as const;

/** The longest that a hover waits while a hostile file of its folder is read and checked. */
async function hostileRow(scratch: string, server: string): Promise<Row> {
  const folder = mkdtempSync(path.join(scratch, 'hostile-'));
  writeFileSync(path.join(folder, 'modelyard.yaml'), 'name: bench\n');
  const file = path.join(folder, 'chain.pipeline.yaml');
  const text = chainedPipeline(12);
  writeFileSync(file, text);
  const uri = pathToFileURL(file).href;
  const ours = await start([server, '--stdio'], folder, NO_DEBOUNCE, true);
  ours.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  const hovers = async (until: Promise<unknown>, least = 1): Promise<number[]> => {
    const state = { done: false };
    void until.then(() => (state.done = true));
    const times: number[] = [];
    while (!state.done || times.length < least)
      times.push(...(await requestTimes(ours, 'textDocument/hover', uri, [{ line: 7, character: 6 }])));
    return times;
  };
  await ours.request('workspace/diagnostic', { previousResultIds: [] });
  const alone = percentile(await hovers(Promise.resolve(), 50), 95);
  const worst: number[] = [];
  for (const name of DENSE) {
    const hostile = path.join(folder, `${name.replaceAll(' ', '-')}.pipeline.yaml`);
    const dense = HOSTILE[name]?.(200_000) ?? '';
    const textDocument = { uri: pathToFileURL(hostile).href };
    ours.notify('textDocument/didOpen', {
      textDocument: { ...textDocument, languageId: 'yaml', version: 1, text: dense },
    });
    worst.push(Math.max(...(await hovers(ours.request('textDocument/diagnostic', { textDocument })))));
  }
  ours.stop();
  return absoluteRow(
    {
      work: 'hover beside a file of 200,000 dense characters, worst',
      beside: 'hover beside none, p95',
      ours: Math.max(...worst),
      peer: alone,
      unit: 'ms',
    },
    200,
  );
}

async function memoryRow(scratch: string, server: string, peers: Peers): Promise<Row> {
  const folder = mkdtempSync(path.join(scratch, 'memory-'));
  writeManyFiles(folder, 500);
  const ours = await start([server, '--stdio'], folder, NO_DEBOUNCE, true);
  await ours.request('workspace/diagnostic', { previousResultIds: [] });
  await ours.request('modelyard/pipelines', {});
  const figure = residentMb(ours.pid);
  ours.stop();
  const other = await start([peers.yamlLanguageServer, '--stdio'], folder, YAML_SETTINGS, false);
  const figures = [residentMb(other.pid)];
  other.stop();
  return absoluteRow(
    {
      work: 'memory of the language server, 500 pipeline files',
      beside: 'yaml-language-server, idle, no file read',
      ours: figure,
      peer: median(figures),
      unit: 'MB',
    },
    200,
  );
}
