/** Completion of registered models, their aliases and versions: in expressions and in the fields that name them. */
import { defined } from '../../../base/defined.js';
import { endWhere } from '../../../base/trim.js';
import { MODEL_MEMBERS } from '../../../definition/expressions/contexts.js';
import type { Json } from '../../../definition/definition.js';
import { aliasesOfVersion, usableModel, versionOf } from '../../../definition/known/models.js';
import type { KnownModel } from '../../../definition/known/models.js';
import { valueAt } from '../../../definition/keys.js';
import { checkModelName, parseSelector } from '../../../definition/names/registry-names.js';
import { madeModels } from '../../../rules/shared/model-makers.js';
import type { Span, SyntaxNode } from '../../../syntax/tree.js';
import { taskOf } from '../../hover/describe.js';
import { modelSummary, versionDetail, versionSummary } from '../../hover/models.js';
import { metricValue, shortValue } from '../../hover/markdown.js';
import type { Slot } from '../slot.js';
import type { Completion, CompletionKind, IdeContext } from '../../types.js';

/** More than this and the list is typed into, not read: documentation would only cost. */
const MOST_DOCUMENTED = 200;
const MOST_VERSIONS = 20;
/** More references than this are given in two steps: the model first. */
const MOST_REFERENCES = 300;
/** Aliases that teams use whose models have none yet. */
const USUAL_ALIASES = ['candidate', 'staging', 'production'];

interface Choice {
  readonly text: string;
  readonly kind: CompletionKind;
  readonly detail?: string;
  readonly documentation?: string | undefined;
  readonly again?: true;
}

function itemsOf(choices: readonly Choice[], span: Span): Completion[] {
  return choices.map(({ text, kind, detail, documentation, again }, index) => ({
    label: text,
    kind,
    span,
    newText: text,
    snippet: false,
    sortText: `1${String(index).padStart(5, '0')}`,
    ...defined({ detail, documentation, again }),
  }));
}

/** Models of the registry, then those that only a run will register. */
function modelNames(context: IdeContext): string[] {
  const { models } = context.project;
  const known = (models?.names() ?? []).filter((name) => usableModel(models, name) !== undefined);
  const made = madeModels(context.project.definitions()).byName.keys();
  return [...new Set([...known, ...[...made].filter((name) => checkModelName(name).ok)])];
}

function modelChoices(context: IdeContext): Choice[] {
  const names = modelNames(context);
  return names.map((text) => {
    const model = usableModel(context.project.models, text);
    return {
      text,
      kind: 'model',
      detail: model === undefined ? 'registered by this project' : countOf(model),
      ...(names.length > MOST_DOCUMENTED ? {} : { documentation: modelSummary(context, text) }),
    };
  });
}

function countOf(model: KnownModel): string {
  const { versions } = model.counts;
  return `${versions} ${versions === 1 ? 'version' : 'versions'}`;
}

/** Aliases first, then `latest`, then numbers, the newest first. */
function selectorChoices(context: IdeContext, name: string, more: readonly string[] = []): Choice[] {
  const model = usableModel(context.project.models, name);
  const choices: Choice[] = [];
  const add = (text: string, kind: CompletionKind, number: string | undefined, prefix: string): void => {
    const version = model?.recent.find((one) => one.version === number);
    if (model === undefined || version === undefined) {
      choices.push({ text, kind, detail: number === undefined ? 'not set yet' : `version ${number}` });
      return;
    }
    const detail = [prefix, versionDetail(context, model, version)].filter((part) => part !== '').join(' · ');
    choices.push({ text, kind, detail, documentation: versionSummary(context, model, version) });
  };
  const made = madeModels(context.project.definitions()).byName.get(name)?.aliases ?? [];
  const set = Object.keys(model?.aliases ?? {}).sort();
  for (const alias of new Set([...set, ...made, ...more])) {
    if (!parseSelector(alias).ok) continue;
    const number = model === undefined ? undefined : versionOf(model, { kind: 'alias', alias });
    add(alias, 'alias', number, number === undefined ? '' : `version ${number}`);
  }
  if (model === undefined) return choices;
  const newest = versionOf(model, { kind: 'latest' });
  if (newest !== undefined) add('latest', 'alias', newest, `version ${newest}`);
  const there = model.recent.filter(({ deleted }) => deleted === undefined);
  for (const { version } of there.slice(0, MOST_VERSIONS)) {
    add(version, 'version', version, aliasesOfVersion(model, version).join(', '));
  }
  return choices;
}

/** `rain@production` and its like, as one word. */
function referenceChoices(context: IdeContext, typed: string): Choice[] {
  const at = typed.lastIndexOf('@');
  const of = (name: string): Choice[] =>
    selectorChoices(context, name).map((choice) => ({ ...choice, text: `${name}@${choice.text}` }));
  if (at > 0) return of(typed.slice(0, at));
  const names = modelNames(context);
  const all = names.length > MOST_DOCUMENTED ? [] : names.flatMap(of);
  if (names.length <= MOST_DOCUMENTED && all.length <= MOST_REFERENCES) return all;
  return modelChoices(context).map((choice) => ({ ...choice, text: `${choice.text}@`, again: true }));
}

/** Behind `models`: a name, an alias or number behind `@`, and what a version has. `undefined` for other places. */
export function completeModelExpression(
  context: IdeContext,
  slot: { readonly before: string; readonly word: Span },
): Completion[] | undefined {
  const { before, word } = slot;
  const selected = /(?:^|[^\w.-])models\s*\.\s*([\w-]+)@[\w-]*$/.exec(before);
  if (selected !== null) return itemsOf(selectorChoices(context, selected[1] ?? ''), word);
  if (/(?:^|[^\w.-])models\s*\.\s*[\w-]*$/.test(before)) {
    // Other names can only be written in brackets.
    const plain = modelChoices(context).filter(({ text }) => /^[A-Za-z_][\w-]*$/.test(text));
    return itemsOf(
      plain.map((choice) => ({ ...choice, text: `${choice.text}@`, again: true })),
      word,
    );
  }
  const quoted = /(?:^|[^\w.-])models\s*\[\s*'{1,2}([^'\]]*)$/.exec(before);
  if (quoted !== null) {
    const typed = quoted[1] ?? '';
    const offset = word.start + endWhere(before, (character) => /[\w-]/.test(character)).length;
    const tail = /^[^'"\]\n]*/.exec(context.definition.tree.text.slice(offset))?.[0].length ?? 0;
    return itemsOf(referenceChoices(context, typed), { start: offset - typed.length, end: offset + tail });
  }
  const asked =
    /(?:^|[^\w.-])models(?:\s*\.\s*([\w-]+)@([\w-]+)|\s*\[\s*'{1,2}([^'\]]*)@([^'\]@]*)'{1,2}\s*\])((?:\s*\.\s*[\w-]+)*)\s*\.\s*[\w-]*$/.exec(
      before,
    );
  if (asked === null) return undefined;
  const steps = (asked[5] ?? '').split('.').flatMap((step) => (step.trim() === '' ? [] : [step.trim()]));
  return memberItems(context, asked[1] ?? asked[3] ?? '', asked[2] ?? asked[4] ?? '', steps, word);
}

function memberItems(
  context: IdeContext,
  name: string,
  text: string,
  steps: readonly string[],
  span: Span,
): Completion[] {
  const [section, ...rest] = steps;
  if (section === undefined) {
    const members = MODEL_MEMBERS.map((member): Choice => ({
      text: member.name,
      kind: 'value',
      documentation: member.doc,
    }));
    return itemsOf(members, span);
  }
  const { models } = context.project;
  const model = usableModel(models, name);
  const parsed = parseSelector(text);
  const number = model !== undefined && parsed.ok ? versionOf(model, parsed.selector) : undefined;
  const version = number === undefined ? undefined : models?.version(name, number);
  if (version === undefined || (section !== 'metrics' && section !== 'params')) return [];
  const prefix = rest.map((step) => `${step}.`).join('');
  const values: readonly (readonly [string, Json])[] = Object.entries(version[section]);
  const choices = values
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]): Choice => {
      const detail = section === 'metrics' ? metricValue(value) : shortValue(value, 30);
      const kind = section === 'metrics' ? 'metric' : 'param';
      return { text: key.slice(prefix.length), kind, detail: `${detail} in version ${version.version}` };
    })
    .filter(({ text: key }) => /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/.test(key));
  return itemsOf(choices, span);
}

/** In the fields that name a model, one of its versions or one of its aliases. */
export function completeModelField(context: IdeContext, slot: Slot, target: 'model' | 'alias'): Completion[] {
  const [, task, action, field] = slot.path;
  if (target === 'model') {
    const namesOnly = action === 'register' || action === 'package';
    return itemsOf(namesOnly ? modelChoices(context) : referenceChoices(context, slot.typed), slot.word);
  }
  const model = modelBeside(context, task, action);
  const name = model?.kind === 'scalar' ? model.text.replace(/@.*$/s, '') : '';
  const choices = selectorChoices(context, name, USUAL_ALIASES);
  const aliases = field === 'aliases' ? choices.filter(isSettable) : choices;
  return itemsOf(aliases, slot.word);
}

/** What the field `model` says that an alias or a version is of. */
function modelBeside(
  context: IdeContext,
  name: string | number | undefined,
  action: string | number | undefined,
): SyntaxNode | null | undefined {
  const task = taskOf(context, name);
  if (task === undefined || typeof action !== 'string') return undefined;
  return action === 'approval' ? valueAt(task, action, 'compare', 'model') : valueAt(task, action, 'model');
}

function isSettable({ kind, text }: Choice): boolean {
  return kind === 'alias' && text !== 'latest';
}
