/** Activation in a real VS Code, beside an extension that VS Code itself ships, in the same window. */
import { spawnSync } from 'node:child_process';
import { type Row, absoluteRow } from './table.js';

/** What the activation test of tests/editor/host notes, one `ℹ name: N ms` line each. */
function notesOf(output: string): ReadonlyMap<string, number> {
  const notes = new Map<string, number>();
  for (const match of output.matchAll(/^ℹ (.+): ([\d.]+) ms$/gm)) notes.set(match[1] ?? '', Number(match[2]));
  return notes;
}

export function activationRows(root: string): Row[] {
  const result = spawnSync(
    process.execPath,
    [
      'scripts/test-editor.mjs',
      '--no-build',
      '--version',
      'newest',
      '--suite',
      'host',
      '--grep',
      'activates',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (result.status !== 0)
    throw new Error(`the activation test failed:\n${result.stdout.slice(-3000)}${result.stderr}`);
  const notes = notesOf(result.stdout);
  const note = (name: string): number => notes.get(name) ?? Number.NaN;
  const peer = note("activate() of VS Code's own JSON extension");
  return [
    absoluteRow(
      {
        work: 'activate() returned, VS Code',
        beside: "VS Code's own JSON extension, the same window",
        ours: note('activate()'),
        peer,
        unit: 'ms',
      },
      50,
    ),
    absoluteRow(
      {
        work: 'first diagnostics after activation, a file that nobody opened',
        beside: 'activate()',
        ours: note('first diagnostics of a file that nobody opened'),
        peer: note('activate()'),
        unit: 'ms',
      },
      1000,
    ),
  ];
}
