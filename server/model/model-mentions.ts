/** Every place where a pipeline names a registered model, one of its versions or one of its aliases. */
import { entryOf } from '../syntax/text.js';
import type { ScalarNode, Span, SyntaxNode, SyntaxTree } from '../syntax/tree.js';
import type { PipelineDefinition } from './analyze.js';
import { chainsIn } from './chains.js';
import type { Chain, ChainStep } from './chains.js';
import type { Task } from './definition.js';

/** A word and where it stands, without quotes. */
export interface Word {
  readonly text: string;
  readonly span: Span;
}

export interface ModelMention {
  /**
   * `makes`: the model that a version is registered of; `sets`: an alias that moves to that version; `compares`: the
   * version it has to stand up to, which need not be there yet; `uses`: everything else.
   */
  readonly role: 'makes' | 'sets' | 'compares' | 'uses';
  /** What is to be named: a model, one of its versions as `rain@production`, or the alias or number alone. */
  readonly names: 'model' | 'version' | 'selector';
  readonly task: Task;
  /** The model; absent where an expression gives its name. */
  readonly model?: string;
  /** Where the model's name is written; absent where it is written elsewhere in the task. */
  readonly modelSpan?: Span;
  /** An alias, a number or `latest`; absent where only the model is named. */
  readonly selector?: Word;
  /** An expression gives the alias or number. */
  readonly open?: true;
  /** All of it: `rain@production`. */
  readonly span: Span;
  /** In an expression: what is asked of the version. */
  readonly members?: readonly ChainStep[];
}

// A definition is a value: what it names stays true as long as it lives.
const known = new WeakMap<PipelineDefinition, readonly ModelMention[]>();

/** In the order of the text as far as one task's go. */
export function modelMentions(definition: PipelineDefinition): readonly ModelMention[] {
  let mentions = known.get(definition);
  if (mentions === undefined) {
    mentions = collect(definition);
    known.set(definition, mentions);
  }
  return mentions;
}

const FIELDS: Readonly<
  Partial<Record<string, (tree: SyntaxTree, settings: SyntaxNode | null, task: Task) => ModelMention[]>>
> = {
  register: ofRegister,
  deploy: (tree, settings, task) => reference(tree, entryOf(settings, 'model')?.value, task),
  package: (tree, settings, task) => modelName(tree, entryOf(settings, 'model')?.value, 'uses', task),
  approval: ofApproval,
};

function collect({ tree, pipeline }: PipelineDefinition): ModelMention[] {
  const mentions: ModelMention[] = [];
  const tasks = entryOf(tree.root, 'tasks')?.value;
  const settings = new Map<string, SyntaxNode | null>();
  for (const entry of tasks?.kind === 'map' ? tasks.entries : []) {
    if (!settings.has(entry.key.text)) settings.set(entry.key.text, entry.value);
  }
  for (const task of pipeline.tasks) {
    const kind = task.action?.kind;
    const read = kind === undefined ? undefined : FIELDS[kind];
    if (kind !== undefined && read !== undefined) {
      mentions.push(...read(tree, entryOf(settings.get(task.name), kind)?.value ?? null, task));
    }
    for (const { part } of task.expressions) {
      if (!part.source.includes('models')) continue;
      for (const chain of chainsIn(part.expression)) mentions.push(...ofChain(chain, tree, task));
    }
  }
  return mentions;
}

function ofRegister(tree: SyntaxTree, settings: SyntaxNode | null, task: Task): ModelMention[] {
  const mentions = modelName(tree, entryOf(settings, 'model')?.value, 'makes', task);
  const model = mentions[0]?.model === undefined ? {} : { model: mentions[0].model };
  const add = (role: 'sets' | 'compares', node: SyntaxNode | null): void => {
    const scalar = scalarOf(node);
    const selector = scalar === undefined ? undefined : wordIn(tree, scalar);
    if (selector === undefined) return;
    mentions.push({ role, names: 'selector', task, ...model, selector, span: selector.span });
  };
  const aliases = entryOf(settings, 'aliases')?.value;
  for (const item of aliases?.kind === 'sequence' ? aliases.items : [aliases ?? null]) add('sets', item);
  add('compares', entryOf(settings, 'compare-to')?.value ?? null);
  return mentions;
}

function ofApproval(tree: SyntaxTree, settings: SyntaxNode | null, task: Task): ModelMention[] {
  const compare = entryOf(settings, 'compare')?.value;
  const mentions = reference(tree, entryOf(compare, 'model')?.value, task);
  const other = scalarOf(entryOf(compare, 'to')?.value);
  const selector = other === undefined ? undefined : wordIn(tree, other);
  if (selector !== undefined) {
    const model = mentions[0]?.model === undefined ? {} : { model: mentions[0].model };
    mentions.push({ role: 'compares', names: 'selector', task, ...model, selector, span: selector.span });
  }
  return mentions;
}

/** A field that holds the name of a model. */
function modelName(
  tree: SyntaxTree,
  node: SyntaxNode | null | undefined,
  role: 'makes' | 'uses',
  task: Task,
): ModelMention[] {
  const scalar = scalarOf(node);
  const word = scalar === undefined ? undefined : wordIn(tree, scalar);
  if (word === undefined) return [];
  return [{ role, names: 'model', task, model: word.text, modelSpan: word.span, span: word.span }];
}

/** A field that holds `rain@production` or `models:/rain/3`. */
function reference(tree: SyntaxTree, node: SyntaxNode | null | undefined, task: Task): ModelMention[] {
  const scalar = node?.kind === 'scalar' ? node : undefined;
  if (scalar === undefined) return [];
  if (scalar.template !== undefined) {
    // `rain@${{ params.alias }}`: the model is known all the same.
    const name = /^(.+)@/.exec(scalar.text.slice(0, scalar.text.indexOf('${{')))?.[1];
    const span = name === undefined ? undefined : find(tree, scalar, name);
    return name === undefined || span === undefined
      ? []
      : [{ role: 'uses', names: 'version', task, model: name, modelSpan: span, span, open: true }];
  }
  const word = wordIn(tree, scalar);
  return word === undefined
    ? []
    : [{ role: 'uses', names: 'version', task, ...partsOf(word), span: word.span }];
}

/** Cuts `rain@production` and `models:/rain/3` into model and version. */
function partsOf({ text, span }: Word): Pick<ModelMention, 'model' | 'modelSpan' | 'selector'> {
  const scheme = /^models:\/{1,3}/.exec(text)?.[0].length ?? 0;
  const cut = Math.max(text.lastIndexOf('@'), scheme > 0 ? text.lastIndexOf('/') : -1);
  const at = (start: number, end: number): Span => ({ start: span.start + start, end: span.start + end });
  if (cut <= scheme) return { model: text.slice(scheme), modelSpan: at(scheme, text.length) };
  return {
    model: text.slice(scheme, cut),
    modelSpan: at(scheme, cut),
    selector: { text: text.slice(cut + 1), span: at(cut + 1, text.length) },
  };
}

function ofChain(chain: Chain, tree: SyntaxTree, task: Task): ModelMention[] {
  const [first, second] = chain.steps;
  if (chain.context !== 'models' || first?.name === undefined || first.name === '') return [];
  const written = tree.text.slice(first.span.start, first.span.end);
  const at = written.indexOf(first.name);
  // Escapes hide it.
  if (at === -1) return [];
  const start = first.span.start + at;
  const word = { text: first.name, span: { start, end: start + first.name.length } };
  if (second?.selector === true && second.name !== undefined && !first.name.includes('@')) {
    return [
      {
        role: 'uses',
        names: 'version',
        task,
        model: first.name,
        modelSpan: word.span,
        ...(second.name === '' ? {} : { selector: { text: second.name, span: second.span } }),
        span: { start, end: second.span.end },
        members: chain.steps.slice(2),
      },
    ];
  }
  const rest = { span: word.span, members: chain.steps.slice(1) };
  return [{ role: 'uses', names: 'version', task, ...partsOf(word), ...rest }];
}

function scalarOf(node: SyntaxNode | null | undefined): ScalarNode | undefined {
  return node?.kind === 'scalar' && node.template === undefined ? node : undefined;
}

/** A scalar's text where it stands in one piece; `undefined` when it is empty or escapes hide it. */
function wordIn(tree: SyntaxTree, node: ScalarNode): Word | undefined {
  const text = node.text.trim();
  const span = find(tree, node, text);
  return text === '' || span === undefined ? undefined : { text, span };
}

function find(tree: SyntaxTree, node: ScalarNode, text: string): Span | undefined {
  const at = tree.text.slice(node.span.start, node.span.end).indexOf(text);
  return at === -1 ? undefined : { start: node.span.start + at, end: node.span.start + at + text.length };
}
