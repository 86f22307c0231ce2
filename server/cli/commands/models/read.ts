/** `modelyard models list|show|history` */
import { defined } from '../../../base/defined.js';
import { modelUri } from '../../../definition/names/registry-names.js';
import type { RegisteredModel } from '../../../stores/registry/types.js';
import { type ModelHead, answer } from '../../answers.js';
import { JSON_FLAG, wholeNumber } from '../../args.js';
import { EXIT, stderr, stdout } from '../../output.js';
import {
  type Subcommand,
  modelHint,
  modelNamed,
  numberNamed,
  subjectNamed,
  valueOf,
  versionNamed,
} from './shared.js';
import { historyLines, modelLines, modelRows, newest, versionLines } from './text.js';

export const list: Subcommand = {
  usage: 'list',
  summary: 'All models: how many versions, the newest one, aliases.',
  flags: { ...JSON_FLAG, all: { type: 'boolean', help: 'Deleted ones, too.' } },
  least: 0,
  most: 0,
  run({ registry, args, json, style }) {
    const { models, problems } = registry.models({ includeDeleted: args.flag('all') });
    for (const problem of problems) stderr.line(`modelyard: ${problem.message}`);
    if (json) {
      const shown = models.map((model) => ({
        ...withoutVersions(model),
        latest: newest(model)?.version ?? null,
      }));
      answer('models list', { models: shown });
    } else if (models.length === 0) {
      stdout.line('There are no models yet. A `register` task makes one, or `modelyard models register`.');
    } else for (const line of modelRows(models, style)) stdout.line(line);
    return problems.length > 0 ? EXIT.failed : EXIT.ok;
  },
};

/** Of thousands of models the versions would be megabytes; `show` gives them. */
function withoutVersions(model: RegisteredModel): ModelHead {
  const { name, createdAt, updatedAt, description, tags, aliases, nextVersion, counts, deleted } = model;
  const head = { name, createdAt, updatedAt, description, tags, aliases, nextVersion, counts };
  return deleted === undefined ? head : { ...head, deleted };
}

export const show: Subcommand = {
  usage: 'show MODEL | MODEL@VERSION',
  summary: 'A model with its versions, or one version with all that is known of it.',
  flags: {
    ...JSON_FLAG,
    all: { type: 'boolean', help: 'Deleted versions, too.' },
    limit: { type: 'string', value: 'N', help: 'At most so many. Default: 20.' },
  },
  least: 1,
  most: 1,
  run(call) {
    const { words, registry, args, json, style } = call;
    const subject = subjectNamed(call, words[0] ?? '');
    if (subject.kind === 'version') {
      const { version, aliases } = subject;
      const uri = modelUri(version.name, { kind: 'version', version: version.version });
      if (json) answer('models show', { ...version, aliases, uri });
      else stdout.line(versionLines(subject, style).join('\n'));
      return EXIT.ok;
    }
    const { versions } = valueOf(
      registry.versions(subject.name, {
        limit: wholeNumber('limit', args.text('limit') ?? '20', 1),
        includeDeleted: args.flag('all'),
      }),
    );
    if (json) answer('models show', { ...withoutVersions(subject.model), versions });
    else stdout.line(modelLines(subject.model, versions, style).join('\n'));
    return EXIT.ok;
  },
};

export const history: Subcommand = {
  usage: 'history MODEL[@VERSION] [--alias NAME] [--limit N]',
  summary: 'Who changed what, when and why; the newest first.',
  flags: {
    ...JSON_FLAG,
    limit: { type: 'string', value: 'N', help: 'At most so many. Default: 20.' },
    alias: { type: 'string', value: 'NAME', help: 'Only its moves.' },
  },
  least: 1,
  most: 1,
  run(call) {
    const { words, registry, args, json, style } = call;
    const [word = ''] = words;
    // The history goes on after a delete: of a deleted version or model it is asked by name and number.
    const numbered = numberNamed(word);
    const version =
      numbered?.version ?? (word.includes('@') ? versionNamed(call, word).version.version : undefined);
    const name = numbered?.name ?? (version === undefined ? word : versionNamed(call, word).version.name);
    const alias = args.text('alias');
    if (version === undefined && alias !== undefined) modelNamed(call, name);
    const { entries } = valueOf(
      registry.history(name, {
        limit: wholeNumber('limit', args.text('limit') ?? '20', 1),
        ...defined({ version, alias }),
      }),
      modelHint(registry, name),
    );
    if (json) answer('models history', { entries });
    else if (entries.length === 0) stdout.line('Nothing of that kind has happened.');
    else for (const line of historyLines(entries, style)) stdout.line(line);
    return EXIT.ok;
  },
};
