/** `modelyard features training-set|get` */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { OnlineReader } from '../../../features/online/read.js';
import { currentService, publishServices } from '../../../features/online/services.js';
import { buildTrainingSet } from '../../../features/training/build.js';
import { chooseFeatures, wantedFeatures } from '../../../features/training/choose.js';
import { jsonText } from '../../../base/json.js';
import { isOutside, normalizePath } from '../../../definition/text/paths.js';
import { given } from '../../../definition/read/read.js';
import { ENCODINGS } from '../../../definition/table-options.js';
import type { LabelsReading } from '../../../definition/training-set.js';
import { HashIndex } from '../../../stores/content/hash-index.js';
import { ensureMemory, layoutOf, memoryProblem } from '../../../stores/layout.js';
import { answer } from '../../answers.js';
import { DRY_FLAG, JSON_FLAG, UsageError, type Flags } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { plural } from '../../../base/format.js';
import { tame } from '../../terminal/text.js';
import { type FeaturesCall, type FeaturesSubcommand, featureDefinitions, onInterrupt } from './shared.js';
import { say } from '../models/shared.js';
import { columns } from '../models/text.js';

const FULL_NAMES: Flags = {
  'full-names': { type: 'boolean', help: 'Features as view__feature.' },
};

export const trainingSet: FeaturesSubcommand = {
  usage: 'training-set LABELS --output FILE [--service NAME] [--feature VIEW:FEATURE]…',
  summary: 'Join labels with features as they were known at the time of each label.',
  flags: {
    ...JSON_FLAG,
    ...DRY_FLAG,
    output: { type: 'string', short: 'o', value: 'FILE', help: 'A .csv or .parquet file.' },
    service: { type: 'string', value: 'NAME', help: 'The features of this service.' },
    feature: {
      type: 'string',
      multiple: true,
      value: 'V:F',
      help: 'A feature, VIEW:FEATURE, or a whole view.',
    },
    timestamp: { type: 'string', value: 'COLUMN', help: 'The time of the labels.' },
    'timestamp-format': {
      type: 'string',
      value: 'FORMAT',
      help: 'How the time of the labels is written, as %m/%d/%Y.',
    },
    delimiter: { type: 'string', value: 'C', help: 'Between fields of the labels, as ";" or "tab".' },
    decimal: { type: 'string', value: 'C', help: 'The decimal mark of the labels.' },
    encoding: { type: 'string', value: 'NAME', help: 'Of the labels: utf-8, utf-16 or latin-1.' },
    'no-created-cutoff': { type: 'boolean', help: 'Also values that were loaded after the label.' },
    ...FULL_NAMES,
  },
  least: 1,
  most: 1,
  async run(call) {
    const { args, words, root, store, json } = call;
    const output = args.text('output');
    if (output === undefined) throw new UsageError('say where to write it with --output FILE');
    const service = args.text('service');
    const features = args.list('feature');
    if (service === undefined && features.length === 0) {
      throw new UsageError('say which features with --service NAME or --feature VIEW:FEATURE');
    }
    const labels = inside(words[0] ?? '', 'LABELS');
    const target = inside(output, '--output');
    const chosen = chooseFeatures(featureDefinitions(root), store, {
      ...defined({ service }),
      features,
    });
    if (!chosen.ok)
      throw new CommandError(chosen.message, chosen.reason === 'unknown' ? EXIT.usage : EXIT.failed);
    if (call.dry) {
      const views = chosen.value.map(({ view }) => view.name);
      return say(
        call,
        'features training-set',
        { path: target, views },
        target,
        `would write ${target}, with features of ${views.join(', ')}`,
      );
    }
    const { signal, stop } = onInterrupt();
    const hashes = new HashIndex(layoutOf(root));
    const hashed = await hashes.hashAsync(path.join(root, labels), signal);
    if (!hashed.ok)
      throw new CommandError(hashed.message, hashed.reason === 'missing' ? EXIT.usage : EXIT.failed);
    const memory = ensureMemory(layoutOf(root));
    if (!memory.ok) throw new CommandError(memory.problem.message, EXIT.failed);
    const timestamp = args.text('timestamp');
    const built = await buildTrainingSet({
      root,
      store,
      labels,
      labelsHash: hashed.hash,
      reading: readingOf(args),
      ...defined({ timestamp, service }),
      views: chosen.value,
      output: target,
      createdCutoff: !args.flag('no-created-cutoff'),
      fullNames: args.flag('full-names'),
      signal,
    });
    stop();
    hashes.save();
    if (!built.ok) {
      const code = built.kind === 'cancelled' ? EXIT.cancelled : EXIT.failed;
      throw new CommandError(tame(built.message, false), code);
    }
    const { document } = built;
    if (json) answer('features training-set', { ...document, applied: true });
    else {
      const versions = document.views.map(({ view, version }) => `${view} ${version}`).join(', ');
      stdout.line(`${document.path}: ${plural(document.rows, 'row')}, features of ${versions}`);
      const rows = document.columns.map(({ name, type, role, nulls }) => [
        name,
        type,
        role,
        nulls === 0 ? '' : plural(nulls, 'null'),
      ]);
      for (const line of columns(['column', 'type', 'what', 'missing'], rows, call.style)) stdout.line(line);
    }
    // Beside JSON they are in the document, too; a person sees them in either case.
    for (const note of document.notes ?? []) stderr.line(`warning: ${tame(note, false)}`);
    return EXIT.ok;
  },
};

/** How the labels are written, as flags say it. */
function readingOf(args: FeaturesCall['args']): LabelsReading {
  const span = { start: 0, end: 0 };
  const text = (flag: string): { value: string; span: typeof span } | undefined => {
    const value = args.text(flag);
    return value === undefined ? undefined : { value, span };
  };
  const word = <T extends string>(
    flag: string,
    words: readonly T[],
  ): { value: T; span: typeof span } | undefined => {
    const given = args.text(flag);
    if (given === undefined) return undefined;
    const value = words.find((one) => one === given);
    if (value === undefined) throw new UsageError(`--${flag} takes ${words.join(' or ')}, not "${given}"`);
    return { value, span };
  };
  return {
    options: {
      ...given('timestampFormat', text('timestamp-format')),
      ...given('delimiter', text('delimiter')),
      ...given('decimal', word('decimal', [',', '.'] as const)),
      ...given('encoding', word('encoding', ENCODINGS)),
    },
    transforms: [],
  };
}

/** Relative to the project, as everywhere; not out of it. */
function inside(given: string, what: string): string {
  const normal = normalizePath(given.split(path.sep).join('/'));
  if (path.isAbsolute(given) || isOutside(normal)) {
    throw new UsageError(`${what}: paths are relative to the project and stay in it, unlike "${given}"`);
  }
  return normal;
}

export const get: FeaturesSubcommand = {
  usage: 'get SERVICE KEY=VALUE…',
  summary: 'The latest values of a service’s features for a key.',
  flags: {
    ...JSON_FLAG,
    ...FULL_NAMES,
    at: { type: 'string', value: 'TIME', help: 'What is of use at this moment. Default: now.' },
  },
  least: 1,
  most: 20,
  async run(call) {
    const { words, args, json, style } = call;
    const [service = '', ...pairs] = words;
    const keys = Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf('=');
        if (at <= 0) throw new UsageError(`keys are given as KEY=VALUE, not "${pair}"`);
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    );
    const at = args.text('at');
    if (at !== undefined && Number.isNaN(Date.parse(at))) {
      throw new UsageError(`--at takes a moment, as 2024-03-01T12:00:00Z, not "${at}"`);
    }
    const { file, offline } = await upToDate(call, service);
    const opened = OnlineReader.open(file);
    if (!opened.ok) throw new CommandError(opened.message, EXIT.failed);
    const { reader } = opened;
    const known = reader.keys();
    const strange = Object.keys(keys).find((key) => !known.includes(key));
    if (strange !== undefined) {
      throw new UsageError(`${service} has no key "${strange}"; its keys are: ${known.join(', ')}`);
    }
    const found = reader.get(keys, {
      ...(at === undefined ? {} : { at: new Date(at) }),
      fullNames: args.flag('full-names'),
    });
    reader.close();
    if (!found.ok) throw new UsageError(found.message);
    const { features, views } = found;
    if (json) {
      answer('features get', {
        service,
        version: reader.header.version,
        keys,
        features,
        views: [...views, ...offline.map((view) => ({ view, status: 'offline' as const }))],
      });
    } else {
      const rows = Object.entries(features).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : jsonText(value),
      ]);
      for (const line of columns(['feature', 'value'], rows, style)) stdout.line(line);
      for (const view of offline) stdout.line(style.dim(`${view}: not kept, it says online: false`));
      for (const { view, status, timestamp } of views) {
        const late =
          status === 'not-known'
            ? ', and what was known before is not kept here: a training set knows it'
            : '';
        stdout.line(
          style.dim(`${view}: ${status}${timestamp === undefined ? '' : `, of ${timestamp}`}${late}`),
        );
      }
    }
    return views.some(({ status }) => status === 'present') ? EXIT.ok : EXIT.failed;
  },
};

/** The service's file, brought up to date with the versions of its views, and the views that are not in it. */
async function upToDate(
  { root, store }: FeaturesCall,
  service: string,
): Promise<{ readonly file: string; readonly offline: readonly string[] }> {
  const { signal, stop } = onInterrupt();
  const files = featureDefinitions(root);
  const found = wantedFeatures(files, { service, features: [] });
  if (!found.ok) throw new CommandError(found.message, EXIT.usage);
  // Where nothing was computed there is nothing to bring up to date, and asking makes no memory.
  const problem = memoryProblem(layoutOf(root));
  if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
  const published = await publishServices({ store, files, services: [service], signal });
  stop();
  if (!published.ok) throw new CommandError(published.message, EXIT.failed);
  const current = currentService(store, service);
  const offline = [...found.value.keys()].filter(({ online }) => !online).map(({ name }) => name);
  if (current !== undefined) return { file: current.file, offline };
  throw new CommandError(published.left[0]?.message ?? `${service} has no values yet`, EXIT.failed);
}
