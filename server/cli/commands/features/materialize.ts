/** `modelyard features materialize|preview` */
import { defined } from '../../../base/defined.js';
import { type MaterializeResult, materialize, whatIsStale } from '../../../features/views/materialize.js';
import type { Manifest } from '../../../features/views/manifest.js';
import type { Features } from '../../../definition/features.js';
import { publishServices } from '../../../features/online/services.js';
import { preview as previewRows } from '../../../features/views/preview.js';
import { HashIndex } from '../../../stores/content/hash-index.js';
import { layoutOf, ensureMemory } from '../../../stores/layout.js';
import { answer } from '../../answers.js';
import { DRY_FLAG, JSON_FLAG, wholeNumber } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { plural } from '../../../base/format.js';
import { pad, tame, width } from '../../terminal/text.js';
import { outcomeLines } from './read.js';
import {
  type FeaturesCall,
  type FeaturesSubcommand,
  featureDefinitions,
  onInterrupt,
  viewNamed,
  viewsOf,
} from './shared.js';

export const materialized: FeaturesSubcommand = {
  usage: 'materialize [VIEW…] [--from TIME] [--to TIME] [--full]',
  summary: 'Compute views whose data or definition has changed; all of them when none is named.',
  flags: {
    ...JSON_FLAG,
    ...DRY_FLAG,
    from: { type: 'string', value: 'TIME', help: 'Only rows at or after this moment (UTC).' },
    to: { type: 'string', value: 'TIME', help: 'Only rows before this moment (UTC).' },
    full: { type: 'boolean', help: 'Everything from scratch.' },
  },
  least: 0,
  most: 100,
  async run(call) {
    const { root, words, args, json } = call;
    const definitions = featureDefinitions(root);
    const files = definitions.map(({ features }) => features);
    const names = words.length > 0 ? words : viewsOf(files).map(({ view }) => view.name);
    for (const name of names) viewNamed(files, name);
    if (names.length === 0) {
      if (json) answer('features materialize', { views: [], applied: !call.dry });
      else stdout.line('There are no feature views.');
      return EXIT.ok;
    }
    const layout = layoutOf(root);
    if (call.dry) return wouldMaterialize(call, files, names);
    const memory = ensureMemory(layout);
    if (!memory.ok) throw new CommandError(memory.problem.message, EXIT.failed);
    const hashes = new HashIndex(layout);
    const { signal, stop } = onInterrupt();
    const results: MaterializeResult[] = [];
    for (const view of names) {
      const range = { from: args.text('from'), to: args.text('to') };
      const result = await materialize({
        root,
        files,
        view,
        ...defined({ from: range.from, to: range.to }),
        full: args.flag('full'),
        hashes,
        signal,
        ...(json ? {} : { log: (line: string) => stdout.line(tame(line, false)) }),
      });
      results.push(result);
      if (!json) tell(call, result);
      if (signal.aborted) break;
    }
    // Of those that were up to date, too: services and what is online may be other ones since.
    const computed = results.flatMap((one) => (one.ok ? [one.view] : []));
    const published =
      computed.length === 0 || signal.aborted
        ? undefined
        : await publishServices({ store: call.store, files: definitions, views: computed, signal });
    stop();
    if (published?.ok === false) stderr.line(`modelyard: ${tame(published.message, false)}`);
    for (const { service, version } of published?.ok === true && !json ? published.written : []) {
      stdout.line(`  latest values of ${service}: version ${version}`);
    }
    const problem = hashes.save();
    if (problem !== undefined) stderr.line(`modelyard: ${problem.message}`);
    if (json) answer('features materialize', { views: results.map(shown), applied: true });
    if (signal.aborted) return EXIT.cancelled;
    return results.every(({ ok }) => ok) && published?.ok !== false ? EXIT.ok : EXIT.failed;
  },
};

async function wouldMaterialize(
  call: FeaturesCall,
  files: readonly Features[],
  views: readonly string[],
): Promise<number> {
  const { root, args, json } = call;
  const hashes = new HashIndex(layoutOf(root));
  const stale = [];
  for (const view of views) {
    const reason = args.flag('full')
      ? 'asked for with --full'
      : await whatIsStale({ root, files, view, hashes });
    stale.push({ view, ...defined({ reason }) });
    if (json) continue;
    stdout.line(
      tame(reason === undefined ? `${view} is up to date` : `would compute ${view}: ${reason}`, false),
    );
  }
  if (json) answer('features materialize', { views: stale, applied: false });
  return EXIT.ok;
}

/** Statistics are asked for with `profile`. */
function shown(result: MaterializeResult) {
  if (!result.ok) return result;
  const entries = Object.entries(result.manifest).filter(([key]) => key !== 'statistics');
  return { ...result, manifest: Object.fromEntries(entries) as unknown as Omit<Manifest, 'statistics'> };
}

function tell({ style }: FeaturesCall, result: MaterializeResult): void {
  if (!result.ok) {
    stderr.line(`${style.red('✗')} ${tame(result.message, false)}`);
    for (const one of result.expectations) {
      for (const row of one.passed ? [] : (one.sample ?? []))
        stderr.line(`    ${one.text}: ${tame(JSON.stringify(row), false)}`);
    }
    return;
  }
  const { manifest, outcome, view } = result;
  const what =
    outcome === 'up-to-date' ? 'is up to date' : outcome === 'appended' ? 'was appended to' : 'was computed';
  stdout.line(
    `${style.green('✓')} ${view} ${what}: version ${manifest.version}, ${plural(manifest.rows, 'row')}`,
  );
  for (const line of outcomeLines(
    result.expectations.filter((one) => !one.passed),
    style,
  ))
    stdout.line(tame(line, false));
}

export const preview: FeaturesSubcommand = {
  usage: 'preview VIEW [--limit N]',
  summary: 'The first rows that a view would have, computed from its source and not kept.',
  flags: { ...JSON_FLAG, limit: { type: 'string', value: 'N', help: 'So many rows. Default: 20.' } },
  least: 1,
  most: 1,
  async run({ root, words, args, json, style }) {
    const files = featureDefinitions(root).map(({ features }) => features);
    const [view = ''] = words;
    viewNamed(files, view);
    const limit = wholeNumber('limit', args.text('limit') ?? '20', 1);
    const { signal, stop } = onInterrupt();
    const result = await previewRows({ root, files, view, limit, signal });
    stop();
    if (signal.aborted) return EXIT.cancelled;
    if (!result.ok) throw new CommandError(result.message, EXIT.failed);
    const { columns, rows, truncated } = result.value;
    if (json) {
      answer('features preview', result.value);
      return EXIT.ok;
    }
    const cells = rows.map((row) =>
      row.map((value) => tame(typeof value === 'string' ? value : JSON.stringify(value), false).slice(0, 40)),
    );
    const widths = columns.map(({ name }, at) =>
      Math.max(width(name), ...cells.map((row) => width(row[at] ?? ''))),
    );
    const line = (row: readonly string[]): string => row.map((cell, at) => pad(cell, widths[at] ?? 0)).join('  ').trimEnd(); // prettier-ignore
    stdout.line(style.bold(line(columns.map(({ name }) => name))));
    for (const row of cells) stdout.line(line(row));
    if (truncated) stdout.line(style.dim(`the first ${rows.length} rows; --limit N shows more`));
    return EXIT.ok;
  },
};
