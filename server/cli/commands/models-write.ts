/** `modelyard models alias|rollback|tag|describe|delete|restore`: changes that a person makes, each with its reason. */
import { readFileSync } from 'node:fs';
import { modelUri } from '../../model/registry-names.js';
import { UsageError } from '../args.js';
import { CommandError } from '../command.js';
import { EXIT } from '../output.js';
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
} from './models-shared.js';
import { didYouMean, similar } from '../../model/names.js';

export const alias: Subcommand = {
  usage: 'alias MODEL@VERSION ALIAS [--reason TEXT] | alias MODEL ALIAS --remove',
  summary: 'Lets an alias point to a version (`alias rain@3 production`), or removes it.',
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
    return say(call, { model: version.name, alias: name, from, to }, text);
  },
};

function aliasHint(aliases: readonly string[], name: string): string {
  return aliases.includes(name) ? '' : didYouMean(similar(name, aliases));
}

export const rollback: Subcommand = {
  usage: 'rollback MODEL ALIAS [--reason TEXT] [--dry]',
  summary: 'An alias goes back to the version it had before; again: one further back.',
  least: 2,
  most: 2,
  run(call) {
    const { words, registry, args } = call;
    const [word = '', name = ''] = words;
    const model = modelNamed(call, word);
    const hint = aliasHint(Object.keys(model.aliases), name);
    const dry = args.flag('dry');
    const moved = dry
      ? registry.previous(model.name, name)
      : registry.rollback(model.name, name, causeOf(call));
    const { from, to } = valueOf(moved, hint);
    const text = `${model.name}: ${name}: ${from ?? 'none'} → ${to}${dry ? ', if it were rolled back' : ', rolled back'}`;
    return say(call, { model: model.name, alias: name, from, to, applied: !dry }, text);
  },
};

export const tag: Subcommand = {
  usage: 'tag MODEL[@VERSION] KEY=VALUE… | tag MODEL[@VERSION] --remove KEY…',
  summary: 'Sets or removes tags of a model or of a version.',
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
    const now = subjectNamed(call, subjectWord(subject.name, version.version));
    const all = now.kind === 'version' ? now.version.tags : now.model.tags;
    const text = Object.entries(all).map(([key, value]) => `${key}=${value}`);
    return say(
      call,
      { model: subject.name, ...version, tags: all },
      `${title(subject.name, version.version)}: ${text.length === 0 ? 'no tags' : text.join(', ')}`,
    );
  },
};

function subjectWord(name: string, version: string | undefined): string {
  return version === undefined ? name : modelUri(name, { kind: 'version', version });
}

function title(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name} ${version}`;
}

export const describe: Subcommand = {
  usage: 'describe MODEL[@VERSION] TEXT | describe MODEL[@VERSION] --file FILE',
  summary: 'Says what a model or a version is for, in Markdown.',
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
      { model: subject.name, ...version, description: text },
      `${title(subject.name, version.version)} is described`,
    );
  },
};

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(
      `can't read ${file}: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.usage,
    );
  }
}

export const remove: Subcommand = {
  usage: 'delete MODEL[@VERSION] [--reason TEXT] [--purge]',
  summary: 'Deletes a version or a model, unless an alias holds it; `restore` brings it back.',
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
      if (found.ok && found.version.deleted === undefined) {
        valueOf(registry.deleteVersion(name, version, causeOf(call)));
      }
      valueOf(registry.purgeVersion(name, version, causeOf(call)), modelHint(registry, name));
      return say(
        call,
        { model: name, version, deleted: true, purged: true },
        `${name} ${version} is deleted for good; \`modelyard gc\` frees its bytes`,
      );
    }
    const subject = subjectNamed(call, word);
    if (subject.kind === 'model') {
      valueOf(registry.deleteModel(subject.name, causeOf(call)));
      return say(call, { model: subject.name, deleted: true }, done(subject.name, subject.name, 'deleted'));
    }
    const { version } = subject.version;
    valueOf(registry.deleteVersion(subject.name, version, causeOf(call)));
    return say(
      call,
      { model: subject.name, version, deleted: true },
      done(`${subject.name} ${version}`, `${subject.name}@${version}`, 'deleted'),
    );
  },
};

function done(what: string, word: string, verb: string): string {
  return `${what} is ${verb}; \`modelyard models restore ${word}\` brings it back`;
}

export const restore: Subcommand = {
  usage: 'restore MODEL[@VERSION]',
  summary: 'Brings a deleted version or model back.',
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
      return say(call, { model: word, restored: true }, `${word} is back`);
    }
    const { name, version } = numbered;
    valueOf(registry.restoreVersion(name, version, causeOf(call)), modelHint(registry, name));
    return say(call, { model: name, version, restored: true }, `${name} ${version} is back`);
  },
};
