/** Renaming what pipelines and features files define, wherever and however it is named. */
import { isValidName } from '../../definition/names/names.js';
import { checkModelName } from '../../definition/names/registry-names.js';
import { escapeKey, lineAt } from '../../syntax/text.js';
import { normalizePath, isOutside, pathFrom } from '../../definition/text/paths.js';
import type { Occurrence, Thing, ThingKind } from './occurrences.js';
import { type Found, filesOf, makersOf, occurrencesOfThing, occurrenceUnder } from './navigation.js';
import { columnEdits } from './rename-column.js';
import { MATRIX_KEYS } from '../../definition/read/read-task.js';
import { LOCAL_EXECUTOR } from '../../definition/executors.js';
import type { IdeContext, RenameResult, RenameTarget } from '../types.js';

const WORDS: Readonly<Partial<Record<ThingKind, string>>> = {
  task: 'task',
  param: 'param',
  output: 'output',
  axis: 'matrix axis',
  pipeline: 'pipeline',
  entity: 'entity',
  view: 'feature view',
  feature: 'feature',
  'feature-service': 'feature service',
  owner: 'owner',
  executor: 'executor',
  model: 'model',
  anchor: 'anchor',
  path: 'path',
};
const NOTHING =
  'Tasks, params, outputs, matrix axes, pipelines, executors and what features files define can be renamed; there is none of them here.';

const ALIAS =
  'Aliases live in the registry: set another one there (`modelyard models alias`), and name it here.';

const LOCAL = `The executor "${LOCAL_EXECUTOR}" is this machine, and always called so.`;

/** Whether what is under the cursor can be renamed, and what it is called now. */
export function prepareRename(context: IdeContext, offset: number): RenameTarget {
  const occurrence = occurrenceUnder(context, offset);
  if (occurrence === undefined) return { ok: false, message: NOTHING };
  const { thing, span } = occurrence;
  const word = WORDS[thing.kind];
  if (thing.kind === 'executor' && thing.name === LOCAL_EXECUTOR) return { ok: false, message: LOCAL };
  if (thing.kind === 'alias') return { ok: false, message: ALIAS };
  if (word === undefined) return { ok: false, message: NOTHING };
  const all = occurrencesOfThing(thing, context);
  const fixed = all.find(({ found }) => found.fixed === true);
  if (fixed !== undefined) return { ok: false, message: fixedMessage(thing, fixed) };
  if (all.some(({ found }) => found.whole !== undefined)) {
    const { text } = (context.beside ?? context.definition).tree;
    const placeholder = thing.kind === 'path' ? text.slice(span.start, span.end) : thing.name;
    return { ok: true, span, placeholder };
  }
  const byFile = thing.kind === 'pipeline' ? context.project.pipelinesByName.get(thing.name)?.[0] : undefined;
  if (thing.kind === 'model') {
    return {
      ok: false,
      message: `No task of this project registers "${thing.name}", so its name is not ours to change.`,
    };
  }
  return {
    ok: false,
    message:
      byFile === undefined
        ? `There is no ${word} called "${thing.name}" to rename.`
        : `The pipeline is called after its file: give ${byFile.path} a \`name:\`, or rename the file.`,
  };
}

/** The edits of all files, or why the name can't be taken. */
export function rename(context: IdeContext, offset: number, newName: string): RenameResult {
  const target = prepareRename(context, offset);
  const occurrence = occurrenceUnder(context, offset);
  if (!target.ok) return target;
  if (occurrence === undefined) return { ok: false, message: NOTHING };
  const { thing } = occurrence;
  if (thing.kind === 'path') return renamePath(context, occurrence, newName);
  if (newName === thing.name) return { ok: true, edits: [] };
  const refusal = refuse(thing, newName, context);
  if (refusal !== undefined) return { ok: false, message: refusal };
  const edits = occurrencesOfThing(thing, context).map(({ file, found }) => ({
    path: file.path,
    span: found.span,
    newText: newName,
  }));
  return {
    ok: true,
    edits: thing.kind === 'feature' ? [...edits, ...columnEdits(context, thing, newName)] : edits,
  };
}

/** A path is written from one folder here and from another one there. */
function renamePath(context: IdeContext, { thing, base = '' }: Occurrence, newName: string): RenameResult {
  const target = normalizePath(newName.startsWith('/') ? newName : `${base === '' ? '.' : base}/${newName}`);
  if (target === thing.name) return { ok: true, edits: [] };
  if (newName === '' || target === '.' || isOutside(target))
    return { ok: false, message: `"${newName}" leads out of the project: name a path in it.` };
  const other = makersOf({ ...thing, name: target }, context).find(
    ({ found }) => found.thing.name !== thing.name,
  );
  if (other !== undefined)
    return {
      ok: false,
      message: `There already is "${other.found.thing.name}" in ${other.file.path}: no output may lie in another one.`,
    };
  const edits = occurrencesOfThing(thing, context).map(({ file, found }) => ({
    path: file.path,
    span: found.span,
    newText: pathFrom(found.base ?? '', target),
  }));
  const odd = edits.find(({ newText }) => escapeKey(newText) !== newText);
  return odd === undefined
    ? { ok: true, edits }
    : { ok: false, message: `"${odd.newText}" would have to stand in quotes: choose a plainer path.` };
}

function fixedMessage({ kind, name }: Thing, { file, found }: Found): string {
  if (kind === 'axis') return `"${name}" is DVC's own word for what a group goes through.`;
  const line = lineAt(file.tree.lineStarts, found.span.start) + 1;
  return `Line ${line} of ${file.path} does not write "${name}" as it is: rename what it is made of.`;
}

function refuse(thing: Thing, newName: string, context: IdeContext): string | undefined {
  const word = WORDS[thing.kind] ?? thing.kind;
  if (thing.kind === 'feature') {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(newName)) {
      return `"${newName}" can't be the name of a feature: it is a column, so use letters, digits and "_", beginning with a letter or "_".`;
    }
  } else if (thing.kind === 'model') {
    const refusal = refuseModel(thing, newName, context);
    if (refusal !== undefined) return refusal;
  } else if (!isValidName(newName)) {
    return `"${newName}" can't be the name of a ${word}: use letters, digits, "_" and "-", beginning with a letter or "_".`;
  }
  if (escapeKey(newName) !== newName) {
    return `"${newName}" means something else in YAML, so it can't be the name of a ${word}.`;
  }
  if (thing.kind === 'axis' && MATRIX_KEYS.has(newName)) {
    return `"${newName}" is a key of the matrix itself, so it can't be the name of an axis.`;
  }
  // An alias lets one text be the output of several tasks: the name has to be free in each of them.
  const holders = new Set(
    [thing, ...occurrencesOfThing(thing, context).map(({ found }) => found.thing)].map(holderOf),
  );
  const taken =
    thing.kind === 'pipeline'
      ? context.project.pipelinesByName.has(newName)
      : filesOf(thing, context).some(({ occurrences }) =>
          occurrences.some(
            ({ thing: other, whole }) =>
              whole !== undefined &&
              other.kind === thing.kind &&
              other.name === newName &&
              holders.has(holderOf(other)),
          ),
        );
  if (!taken) return undefined;
  const holder = thing.kind === 'feature' ? 'view' : thing.kind === 'param' ? 'group' : 'task';
  const owner = thing.owner === undefined ? '' : ` of the ${holder} "${thing.owner}"`;
  return `There already is a ${word}${owner} called "${newName}".`;
}

/** What a name has to be unlike others in. An anchor may be defined anew, but then aliases would mean another one. */
function holderOf({ kind, owner, file }: Thing): string {
  return JSON.stringify([kind === 'anchor' ? undefined : owner, file]);
}

/** In `models.rain@production` only a plain word can stand. */
function refuseModel(thing: Thing, newName: string, context: IdeContext): string | undefined {
  const checked = checkModelName(newName);
  if (!checked.ok) return checked.message;
  if (/^[A-Za-z_][\w-]*$/.test(newName)) return undefined;
  const dotted = occurrencesOfThing(thing, context).find(
    ({ file, found }) => file.tree.text[found.span.start - 1] === '.',
  );
  if (dotted === undefined) return undefined;
  const { file, found } = dotted;
  const line = lineAt(file.tree.lineStarts, found.span.start) + 1;
  return `"${newName}" can't follow the dot in line ${line} of ${file.path}: write models['${thing.name}@…'] there first.`;
}
