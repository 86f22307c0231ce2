/** `modelyard runs compare` */
import { display } from '../../../base/json.js';
import { isNumber, toDouble } from '../../../base/numeral.js';
import type { Json } from '../../../definition/definition.js';
import { type RunComparisonRow, compareRuns } from '../../../stores/runs/compare.js';
import type { RunDocument } from '../../../stores/runs/document.js';
import { answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import { EXIT, stdout } from '../../output.js';
import type { SubcommandOf } from '../../subcommands.js';
import { sectionLines } from '../../terminal/sections.js';
import type { Style } from '../../terminal/style.js';
import { isTerminal, processScreen } from '../../terminal/table.js';
import { fit, oneLine, pad, tame, width } from '../../terminal/text.js';
import { short } from './list.js';
import { PIPELINE, type RunsCall, readRun } from './shared.js';

const MOST_RUNS = 10;
const WIDEST = 28;

export const compare: SubcommandOf<RunsCall> = {
  usage: 'compare RUN RUN… [--all]',
  summary:
    'Python packages, params, metrics and what fingerprints are made of, side by side; --all: also what is the same.',
  flags: { ...JSON_FLAG, ...PIPELINE, all: { type: 'boolean', help: 'Also what is the same.' } },
  least: 2,
  most: MOST_RUNS,
  run(call) {
    const { words, args, json, style } = call;
    const runs = words.map((word) => readRun(call, word));
    const rows = compareRuns(runs);
    if (json) {
      const heads = runs.map(({ id, pipeline, status, createdAt }) => ({ id, pipeline, status, createdAt }));
      answer('runs compare', { runs: heads, rows });
    } else {
      const columns = isTerminal() ? processScreen().columns() : Infinity;
      for (const line of comparison(runs, rows, args.flag('all'), columns, style)) stdout.line(line);
    }
    return EXIT.ok;
  },
};

const SECTIONS: readonly (readonly [RunComparisonRow['section'], string])[] = [
  ['run', 'Run'],
  ['python', 'Python'],
  ['params', 'Params'],
  ['metrics', 'Metrics'],
  ['fingerprints', 'Fingerprints'],
];

function comparison(
  runs: readonly RunDocument[],
  rows: readonly RunComparisonRow[],
  all: boolean,
  columns: number,
  style: Style,
): string[] {
  const shown = rows.filter((row) => all || row.differs || row.section === 'metrics');
  const heads = runs.map(({ id }) => id);
  const widest = Math.max(8, ...shown.map((row) => width(tame(row.key, false)))) + 2;
  // Of a narrow terminal the names get a third at most.
  const keys = Math.min(widest, Number.isFinite(columns) ? Math.max(12, Math.floor(columns / 3)) : widest);
  const room = Math.max(8, Math.floor((columns - keys) / runs.length) - 2);
  const cell = (value: Json | null): string =>
    value === null ? '–' : fit(oneLine(short(value)), Math.min(WIDEST, room));
  const cells = shown.map((row) => ({ row, texts: row.values.map(cell) }));
  const widths = heads.map((head, at) =>
    Math.max(Math.min(width(head), room), ...cells.map(({ texts }) => width(texts[at] ?? ''))),
  );
  const lineOf = (key: string, texts: readonly string[], end: string): string =>
    `${pad(fit(key, keys), keys)}  ${texts.map((text, at) => pad(text, widths[at] ?? 0)).join('  ')}${end}`.trimEnd();
  // The end of an id is what tells it from others.
  const title = heads.map((head) => (width(head) > room ? `…${head.slice(1 - room)}` : head));
  const rowOf = ({ row, texts }: (typeof cells)[number]): string =>
    lineOf(`  ${tame(row.key, false)}`, texts, change(row, columns));
  return [style.bold(lineOf('', title, '')), ...sectionLines(SECTIONS, rows, cells, rowOf, style)];
}

/** By how much the second of two numbers is more, where there is room for it. */
function change({ section, values, differs }: RunComparisonRow, columns: number): string {
  const [a, b, ...others] = values;
  if (section !== 'metrics' || !differs || others.length > 0 || columns < 80) return '';
  if (!isNumber(a) || !isNumber(b)) return '';
  const delta = Number((toDouble(b) - toDouble(a)).toPrecision(4));
  return Number.isFinite(delta) ? `  ${delta > 0 ? '+' : ''}${display(delta)}` : '';
}
