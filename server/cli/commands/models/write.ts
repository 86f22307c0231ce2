/** `modelyard models alias|rollback|tag|describe|delete|restore`: changes that a person makes, each with its reason. */
import { readFileSync } from 'node:fs';
import { describeError } from '../../../stores/disk/problem.js';
import { type Flags, CHANGE_FLAGS, UsageError } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT } from '../../output.js';
import {
  type Call,
  type Subcommand,
  causeOf,
  modelHint,
  modelNamed,
  numberNamed,
  pairOf,
  say,
  subjectNamed,
  valueOf,
  versionNamed,
} from './shared.js';
import { didYouMean, similar } from '../../../definition/names/names.js';

const REMOVE: Flags = { remove: { type: 'boolean', help: 'Remove it.' } };

export const alias: Subcommand = {
  usage: 'alias MODEL@VERSION ALIAS [--reason TEXT] [--dry] | alias MODEL ALIAS --remove',
  summary: 'Lets an alias point to a version (`alias rain@3 production`), or removes it.',
  flags: { ...CHANGE_FLAGS, ...REMOVE },
  least: 2,
  most: 2,
  run(call) {
    const { words, registry, args } = call;
    const [word = '', name = ''] = words;
    if (args.flag('remove')) {
      const model = modelNamed(call, word);
      const hint = aliasHint(Object.keys(model.aliases), name);
      const { from } = valueOf(registry.removeAlias(model.name, name, causeOf(call)), hint);
      return say(
        call,
        'models alias',
        { model: model.name, alias: name, from, to: null },
        `${model.name}: ${name}: ${from} → none`,
      );
    }
    if (!/[@]|^models:/.test(word)) {
      modelNamed(call, word);
      throw new UsageError(`say which version: modelyard models alias ${word}@VERSION ${name}`);
    }
    const { version } = versionNamed(call, word);
    const { from, to } = valueOf(registry.setAlias(version.name, name, version.version, causeOf(call)));
    const text =
      from === to
        ? `${version.name}: ${name} is version ${to} already`
        : `${version.name}: ${name}: ${from ?? 'none'} → ${to}`;
    return say(call, 'models alias', { model: version.name, alias: name, from, to }, text);
  },
};

function aliasHint(aliases: readonly string[], name: string): string {
  return aliases.includes(name) ? '' : didYouMean(similar(name, aliases));
}

export const rollback: Subcommand = {
  usage: 'rollback MODEL ALIAS [--reason TEXT] [--dry]',
  summary: 'An alias goes back to the version it had before; again: one further back.',
  flags: { ...CHANGE_FLAGS },
  least: 2,
  most: 2,
  run(call) {
    const { words, registry } = call;
    const [word = '', name = ''] = words;
    const model = modelNamed(call, word);
    const hint = aliasHint(Object.keys(model.aliases), name);
    const { from, to } = valueOf(registry.rollback(model.name, name, causeOf(call)), hint);
    const move = `${model.name}: ${name}: ${from ?? 'none'} → ${to}`;
    return say(
      call,
      'models rollback',
      { model: model.name, alias: name, from, to },
      `${move}, rolled back`,
      `${move}, if it were rolled back`,
    );
  },
};

export const tag: Subcommand = {
  usage: 'tag MODEL[@VERSION] KEY=VALUE… | tag MODEL[@VERSION] --remove KEY…',
  summary: 'Sets or removes tags of a model or of a version.',
  flags: { ...CHANGE_FLAGS, ...REMOVE },
  least: 2,
  most: 20,
  run(call) {
    const { words, registry, args } = call;
    const [word = '', ...tags] = words;
    const remove = args.flag('remove');
    const pairs = tags.map((text) => (remove ? ([text, ''] as const) : pairOf(text, 'tag')));
    const subject = subjectNamed(call, word);
    const version = subject.kind === 'version' ? { version: subject.version.version } : {};
    const cause = { ...causeOf(call), ...version };
    for (const [key, value] of pairs) {
      valueOf(
        remove
          ? registry.removeTag(subject.name, key, cause)
          : registry.setTag(subject.name, key, value, cause),
      );
    }
    const before = subject.kind === 'version' ? subject.version.tags : subject.model.tags;
    const all = remove
      ? Object.fromEntries(Object.entries(before).filter(([key]) => !tags.includes(key)))
      : { ...before, ...Object.fromEntries(pairs) };
    const text = Object.entries(all).map(([key, value]) => `${key}=${value}`);
    return say(
      call,
      'models tag',
      { model: subject.name, ...version, tags: all },
      `${title(subject.name, version.version)}: ${text.length === 0 ? 'no tags' : text.join(', ')}`,
    );
  },
};

function title(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name} ${version}`;
}

export const describe: Subcommand = {
  usage: 'describe MODEL[@VERSION] TEXT | describe MODEL[@VERSION] --file FILE',
  summary: 'Says what a model or a version is for, in Markdown.',
  flags: {
    ...CHANGE_FLAGS,
    file: { type: 'string', value: 'FILE', help: 'The text is in there; `-` is the standard input.' },
  },
  least: 1,
  most: 2,
  run(call) {
    const { words, registry, args } = call;
    const [word = '', given] = words;
    const file = args.text('file');
    if ((given === undefined) === (file === undefined)) {
      throw new UsageError('give the text itself, or the file that it is in with --file');
    }
    const text = given ?? readText(file ?? '');
    const subject = subjectNamed(call, word);
    const version = subject.kind === 'version' ? { version: subject.version.version } : {};
    valueOf(registry.describe(subject.name, text, { ...causeOf(call), ...version }));
    return say(
      call,
      'models describe',
      { model: subject.name, ...version, description: text },
      `${title(subject.name, version.version)} is described`,
      `would describe ${title(subject.name, version.version)}`,
    );
  },
};

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(`can't read ${file}: ${describeError(error)}`, EXIT.usage);
  }
}

export const remove: Subcommand = {
  usage: 'delete MODEL[@VERSION] [--reason TEXT] [--purge]',
  summary: 'Deletes a version or a model, unless an alias holds it; `restore` brings it back.',
  flags: { ...CHANGE_FLAGS, purge: { type: 'boolean', help: 'For good: its artifact is given up.' } },
  least: 1,
  most: 1,
  run(call) {
    const { words, registry, args } = call;
    const [word = ''] = words;
    const numbered = numberNamed(word);
    if (args.flag('purge')) {
      if (numbered === undefined) {
        throw new UsageError('--purge gives up one version for good: say which, as MODEL@NUMBER');
      }
      const { name, version } = numbered;
      const found = registry.version(name, version);
      const used = found.ok && found.version.deleted === undefined;
      if (used) valueOf(registry.deleteVersion(name, version, causeOf(call)));
      if (!used || !call.dry)
        valueOf(registry.purgeVersion(name, version, causeOf(call)), modelHint(registry, name));
      return say(
        call,
        'models delete',
        { model: name, version, deleted: true, purged: true },
        `${name} ${version} is deleted for good; \`modelyard gc\` frees its bytes`,
        `would delete ${name} ${version} for good`,
      );
    }
    const subject = subjectNamed(call, word);
    if (subject.kind === 'model') {
      valueOf(registry.deleteModel(subject.name, causeOf(call)));
      return deleted(call, { model: subject.name }, subject.name, subject.name);
    }
    const { version } = subject.version;
    valueOf(registry.deleteVersion(subject.name, version, causeOf(call)));
    return deleted(
      call,
      { model: subject.name, version },
      `${subject.name} ${version}`,
      `${subject.name}@${version}`,
    );
  },
};

function deleted(
  call: Call,
  subject: { readonly model: string; readonly version?: string },
  what: string,
  word: string,
): number {
  return say(
    call,
    'models delete',
    { ...subject, deleted: true },
    `${what} is deleted; \`modelyard models restore ${word}\` brings it back`,
    `would delete ${what}`,
  );
}

export const restore: Subcommand = {
  usage: 'restore MODEL[@VERSION]',
  summary: 'Brings a deleted version or model back.',
  flags: { ...CHANGE_FLAGS },
  least: 1,
  most: 1,
  run(call: Call) {
    const { words, registry } = call;
    const [word = ''] = words;
    const numbered = numberNamed(word);
    if (numbered === undefined && /[@]|^models:/.test(word)) {
      throw new UsageError('a deleted version has no aliases: give its number, as MODEL@3');
    }
    if (numbered === undefined) {
      valueOf(registry.restoreModel(word, causeOf(call)), modelHint(registry, word));
      return say(
        call,
        'models restore',
        { model: word, restored: true },
        `${word} is back`,
        `would restore ${word}`,
      );
    }
    const { name, version } = numbered;
    valueOf(registry.restoreVersion(name, version, causeOf(call)), modelHint(registry, name));
    return say(
      call,
      'models restore',
      { model: name, version, restored: true },
      `${name} ${version} is back`,
      `would restore ${name} ${version}`,
    );
  },
};
