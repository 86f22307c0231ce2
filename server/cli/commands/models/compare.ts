/** `modelyard models compare|card`: two versions side by side, and one version as a page. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../../definition/definition.js';
import { lineageSources } from '../../../serving/lineage-sources.js';
import { Lineage } from '../../../stores/lineage/lineage.js';
import { describeError } from '../../../stores/disk/problem.js';
import { cardOf } from '../../../stores/registry/versions/model-card.js';
import { type ComparisonRow, compareVersions } from '../../../stores/registry/compare.js';
import { answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import { startFolder, CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { sectionLines } from '../../terminal/sections.js';
import type { Style } from '../../terminal/style.js';
import { fit, oneLine, pad, tame, width } from '../../terminal/text.js';
import { type Chosen, type Subcommand, say, valueOf, versionNamed } from './shared.js';
import { plain } from './text.js';

export const compare: Subcommand = {
  usage: 'compare MODEL@VERSION MODEL@VERSION [--all]',
  summary: 'Metrics, params, signature and lineage of two versions; --all: also params that are the same.',
  flags: { ...JSON_FLAG, all: { type: 'boolean', help: 'Also what is the same.' } },
  least: 2,
  most: 2,
  run(call) {
    const { words, args, json, style } = call;
    const [first = '', second = ''] = words;
    const a = versionNamed(call, first);
    // Of the same model the number or the alias says enough.
    const b = versionNamed(call, /@|^models:/.test(second) ? second : `${a.version.name}@${second}`);
    const { rows } = compareVersions(a.version, b.version);
    if (json) {
      answer('models compare', { a: headOf(a), b: headOf(b), rows });
      return EXIT.ok;
    }
    for (const line of comparison(a, b, rows, args.flag('all'), style)) stdout.line(line);
    return EXIT.ok;
  },
};

function headOf({ version, aliases }: Chosen): { name: string; version: string; aliases: readonly string[] } {
  return { name: version.name, version: version.version, aliases };
}

const SECTIONS: readonly (readonly [ComparisonRow['section'], string])[] = [
  ['metrics', 'Metrics'],
  ['params', 'Params'],
  ['signature', 'Signature'],
  ['lineage', 'Lineage'],
  ['artifact', 'Artifact'],
];

const WIDEST = 28;

function comparison(
  a: Chosen,
  b: Chosen,
  rows: readonly ComparisonRow[],
  all: boolean,
  style: Style,
): string[] {
  const shown = rows.filter((row) => all || row.differs || row.section === 'metrics');
  const cell = (value: Json | undefined): string =>
    value === undefined ? '–' : fit(oneLine(plain(value)), WIDEST);
  const cells = shown.map((row) => ({ row, key: tame(row.key, false), a: cell(row.a), b: cell(row.b) }));
  const heads = [title(a), title(b)] as const;
  const keys = Math.max(8, ...cells.map((one) => width(one.key))) + 2;
  const left = Math.max(width(heads[0]), ...cells.map((one) => width(one.a)));
  const right = Math.max(width(heads[1]), ...cells.map((one) => width(one.b)));
  const lineOf = (one: (typeof cells)[number]): string =>
    `${pad(`  ${one.key}`, keys)}  ${pad(one.a, left)}  ${pad(one.b, right)}  ${verdict(one.row, style)}`.trimEnd();
  return [
    style.bold(`${pad('', keys)}  ${pad(heads[0], left)}  ${heads[1]}`),
    ...sectionLines(SECTIONS, rows, cells, lineOf, style),
  ];
}

function title({ version, aliases }: Chosen): string {
  return `${version.name} ${version.version}${aliases.length === 0 ? '' : ` (${aliases.join(', ')})`}`;
}

function verdict({ delta, verdict: word, differs }: ComparisonRow, style: Style): string {
  if (delta === undefined || !differs) return '';
  const text = `${delta > 0 ? '+' : ''}${Number(delta.toPrecision(4))}${word === undefined ? '' : ` ${word}`}`;
  return word === undefined ? text : word === 'better' ? style.green(text) : style.red(text);
}

export const card: Subcommand = {
  usage: 'card MODEL@VERSION [--output FILE]',
  summary: 'A page about a version in Markdown: purpose, data, params, metrics, lineage, history.',
  flags: {
    ...JSON_FLAG,
    output: { type: 'string', short: 'o', value: 'FILE', help: 'Write it there.' },
  },
  least: 1,
  most: 1,
  run(call) {
    const { words, registry, root, args, json } = call;
    const chosen = versionNamed(call, words[0] ?? '');
    const { name, version } = chosen.version;
    const { markdown: text } = valueOf(cardOf(registry, Lineage.open(root, lineageSources(root)), chosen));
    const output = args.text('output');
    if (output === undefined) {
      if (json) answer('models card', { model: name, version, markdown: text });
      else stdout.write(tame(text, false));
      return EXIT.ok;
    }
    const file = path.resolve(startFolder(args), output);
    try {
      writeFileSync(file, text);
    } catch (error) {
      throw new CommandError(`can't write ${output}: ${describeError(error)}`, EXIT.failed);
    }
    return say(
      call,
      'models card',
      { model: name, version, file },
      `${name} ${version} is described in ${output}`,
    );
  },
};
