/** `modelyard features profile|diff` */
import {
  type Comparison,
  type Profile,
  type Side,
  compareSides,
  profileOf,
} from '../../../features/compare.js';
import type { NamedDrift } from '../../../features/statistics/measure.js';
import { type FeatureStatistics, QUANTILES, missingOf } from '../../../features/statistics/types.js';
import { layoutOf, memoryProblem } from '../../../stores/layout.js';
import { answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import type { Style } from '../../terminal/style.js';
import { plural } from '../../../base/format.js';
import { tame } from '../../terminal/text.js';
import {
  type FeaturesCall,
  type FeaturesSubcommand,
  featureFiles,
  onInterrupt,
  viewNamed,
} from './shared.js';
import { columns, plain } from '../models/text.js';

export const profile: FeaturesSubcommand = {
  usage: 'profile VIEW[@VERSION]|FILE [--against VERSION|VIEW@VERSION|FILE]',
  summary:
    'How the features of a version, or of a training set, are spread; and how far from another they are.',
  flags: {
    ...JSON_FLAG,
    against: { type: 'string', value: 'WHAT', help: 'Also how far it is from a version or a file.' },
  },
  least: 1,
  most: 1,
  async run(call) {
    const current = sideOf(call, call.words[0] ?? '');
    const against = call.args.text('against');
    if (against === undefined) {
      const made = await looking(call, (options) => profileOf(current, options));
      if (call.json) answer('features profile', made);
      else for (const line of profileLines(made, call.style)) stdout.line(line);
      return EXIT.ok;
    }
    const made = await looking(call, (options) =>
      compareSides(sideOf(call, against, current), current, options),
    );
    if (call.json) {
      answer('features profile', { ...made.current, against: made.reference.name, drift: made.drift });
    } else {
      for (const line of profileLines(made.current, call.style)) stdout.line(line);
      stdout.line();
      for (const line of driftLines(made, call.style)) stdout.line(line);
    }
    return EXIT.ok;
  },
};

export const diff: FeaturesSubcommand = {
  usage: 'diff VIEW[@VERSION]|FILE VERSION|VIEW[@VERSION]|FILE',
  summary: 'How far the second has moved away from the first. Ends with 1 when a feature has drifted.',
  flags: { ...JSON_FLAG },
  least: 2,
  most: 2,
  async run(call) {
    const reference = sideOf(call, call.words[0] ?? '');
    const current = sideOf(call, call.words[1] ?? '', reference);
    const made = await looking(call, (options) => compareSides(reference, current, options));
    if (call.json) {
      const { drift } = made;
      answer('features diff', { reference: made.reference.name, current: made.current.name, ...drift });
    } else for (const line of driftLines(made, call.style)) stdout.line(line);
    return made.drift.features.some(({ drifted }) => drifted) ? EXIT.failed : EXIT.ok;
  },
};

/** `weather`, `weather@3`, `3` beside a side that is a view, or a file of the project. */
function sideOf({ store, root }: FeaturesCall, word: string, beside?: Side): Side {
  if (/^\d+$/.test(word) && beside?.kind === 'version') {
    return { kind: 'version', view: beside.view, version: Number(word) };
  }
  const match = /^([^@/]+)@(\d+)$/.exec(word);
  if (match !== null) {
    const [, view = '', version] = match;
    if (store.versions(view).length === 0) viewNamed(featureFiles(root), view);
    return { kind: 'version', view, version: Number(version) };
  }
  // What has an extension is a file, unless a view is really called so.
  const kept = store.current(word).state !== 'missing';
  if (!kept && /[/\\]|\.(csv|tsv|parquet|jsonl|ndjson)$/i.test(word)) return { kind: 'file', path: word };
  // What was computed can be looked at, whether a file still defines it or not.
  if (!kept) viewNamed(featureFiles(root), word);
  return { kind: 'version', view: word };
}

async function looking<T>(
  { root, store }: FeaturesCall,
  look: (
    options: Parameters<typeof profileOf>[1],
  ) => Promise<{ ok: true; value: T } | { ok: false; message: string }>,
): Promise<T> {
  const problem = memoryProblem(layoutOf(root));
  if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
  const { signal, stop } = onInterrupt();
  const result = await look({ root, store, signal });
  stop();
  if (result.ok) return result.value;
  throw new CommandError(tame(result.message, false), signal.aborted ? EXIT.cancelled : EXIT.failed);
}

function profileLines({ name, statistics }: Profile, style: Style): string[] {
  const { rows, time, features } = statistics;
  const from = time === undefined ? '' : `, ${time.from.slice(0, 10)} to ${time.to.slice(0, 10)}`;
  const headings = ['feature', 'type', 'missing', 'distinct', 'min', 'median', 'mean', 'max', 'spread'];
  return [
    style.bold(`${name}: ${plural(rows, 'row')}${from}`),
    ...columns(headings, features.map(featureCells), style),
  ];
}

const MEDIAN = QUANTILES.indexOf(0.5);

function featureCells(feature: FeatureStatistics): string[] {
  const { name, type, kind, distinct, approximate, numbers } = feature;
  const nulls = missingOf(feature);
  const missing = feature.count === 0 || nulls === 0 ? '' : `${((nulls / feature.count) * 100).toFixed(1)} %`;
  const different = distinct === undefined ? '' : `${approximate === true ? '~' : ''}${distinct}`;
  const head = [name, type, missing, different];
  if (numbers === undefined) return [...head, '', '', '', '', commonest(feature)];
  const shown = (value: number | undefined): string =>
    value === undefined ? '' : kind === 'time' ? day(value) : plain(value);
  const { min, mean, max, quantiles, histogram } = numbers;
  return [...head, shown(min), shown(quantiles[MEDIAN]), shown(mean), shown(max), spark(histogram.counts)];
}

function day(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 10);
}

function commonest({ categories, count: rows }: FeatureStatistics): string {
  return (categories?.top ?? [])
    .slice(0, 3)
    .map((one) => `${one.value} ${Math.round((one.count / rows) * 100)} %`)
    .join(', ');
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SPARK_CELLS = 15;

/** A histogram in one line: two bins to a character, an empty one a space. */
function spark(counts: readonly number[]): string {
  const each = Math.max(1, Math.ceil(counts.length / SPARK_CELLS));
  const cells: number[] = [];
  for (let at = 0; at < counts.length; at += each) {
    cells.push(counts.slice(at, at + each).reduce((sum, one) => sum + one, 0));
  }
  const most = Math.max(1, ...cells);
  return cells
    .map((cell) => (cell === 0 ? ' ' : (BARS[Math.max(0, Math.ceil((cell / most) * BARS.length) - 1)] ?? '')))
    .join('');
}

function driftLines({ reference, current, drift }: Comparison, style: Style): string[] {
  const drifted = drift.features.filter((one) => one.drifted);
  const what =
    drifted.length === 0
      ? style.green('no feature has drifted')
      : style.yellow(
          `${plural(drifted.length, 'feature')} drifted: ${drifted.map(({ name }) => name).join(', ')}`,
        );
  const rows = drift.features.map((one) => driftCells(one));
  return [
    `${style.bold(`${current.name} beside ${reference.name}`)}: ${what}`,
    ...(rows.length === 0
      ? []
      : columns(['feature', 'PSI', 'KS', 'Jensen–Shannon', 'p', 'nulls', ''], rows, style)),
    ...drift.notCompared.map(({ name, why }) =>
      style.dim(`${tame(name, false)} is not compared: ${tame(why, false)}`),
    ),
  ];
}

function driftCells({ name, psi, ks, jensenShannon, chiSquare, nulls, reasons }: NamedDrift): string[] {
  const number = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3));
  const share = (value: number): string => `${(value * 100).toFixed(1)} %`;
  const missing =
    nulls.reference === 0 && nulls.current === 0 ? '' : `${share(nulls.reference)} → ${share(nulls.current)}`;
  return [
    name,
    number(psi),
    number(ks?.statistic),
    number(jensenShannon),
    number(ks?.p ?? chiSquare?.p),
    missing,
    reasons.join('; '),
  ];
}
