/** `modelyard models export|import`: a model with its bytes and its history, from one project to another. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { plural } from '../../../base/format.js';
import { formatBytes } from '../../../definition/text/units.js';
import { exportModel, importModel } from '../../../stores/registry/transfer/transfer.js';
import { CHANGE_FLAGS, JSON_FLAG } from '../../args.js';
import { startFolder } from '../../command.js';
import { type Subcommand, causeOf, say, subjectNamed, valueOf } from './shared.js';

export const exported: Subcommand = {
  usage: 'export MODEL[@VERSION] TO',
  summary: 'Writes a model, or one version, with bytes and history into a folder or an archive (TO.tar).',
  flags: { ...JSON_FLAG },
  least: 2,
  most: 2,
  async run(call) {
    const { words, registry, args } = call;
    const [word = '', given = ''] = words;
    const subject = subjectNamed(call, word);
    const to = path.resolve(startFolder(args), given);
    const { versions, bytes } = valueOf(
      await exportModel(registry, {
        name: subject.name,
        to,
        ...(subject.kind === 'version' ? { versions: [subject.version.version] } : {}),
      }),
    );
    return say(
      call,
      'models export',
      { model: subject.name, versions, bytes, to },
      `${subject.name}: ${plural(versions.length, 'version')} (${formatBytes(bytes)}) in ${given}`,
    );
  },
};

export const imported: Subcommand = {
  usage: 'import FROM [--name MODEL] [--reason TEXT]',
  summary:
    'Brings in what `export` wrote; a damaged archive, or one that leaves its folder, is refused whole.',
  flags: { ...CHANGE_FLAGS, name: { type: 'string', value: 'MODEL', help: 'Under this name.' } },
  least: 1,
  most: 1,
  async run(call) {
    const { words, registry, args } = call;
    const [given = ''] = words;
    const name = args.text('name');
    const from = path.resolve(startFolder(args), given);
    const done = valueOf(await importModel(registry, from, { ...causeOf(call), ...defined({ as: name }) }));
    const lines = done.versions.map(({ from: there, to: here, as }) => {
      if (as === 'same') return `version ${there}: is version ${here} here already`;
      return as === 'new'
        ? `version ${here}`
        : `version ${there}: is version ${here} here, its number was taken`;
    });
    const kept = done.keptAliases.map((alias) => `${alias} stays where it is here`);
    return say(
      call,
      'models import',
      { name: done.name, versions: done.versions, keptAliases: done.keptAliases },
      [`${done.name}: ${plural(done.versions.length, 'version')} imported`, ...lines, ...kept].join('\n  '),
      [`would import ${plural(done.versions.length, 'version')} of ${done.name}`, ...lines, ...kept].join(
        '\n  ',
      ),
    );
  },
};
