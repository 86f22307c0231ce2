/** Every place where a pipeline names a registered model, one of its versions or one of its aliases. */
import { memo } from '../../base/memo.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';
import { listed } from '../actions.js';
import type { PipelineDefinition } from '../read/analyze.js';
import { chainsIn } from '../expressions/chains.js';
import type { Chain, ChainStep } from '../expressions/chains.js';
import type { Task, TemplateText } from '../definition.js';
import { literalWord } from './serving.js';

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

/** In the order of the text as far as one task's go. */
export const modelMentions = memo<PipelineDefinition, readonly ModelMention[]>(collect);

function collect({ tree, pipeline }: PipelineDefinition): ModelMention[] {
  const mentions: ModelMention[] = [];
  for (const task of pipeline.tasks) {
    mentions.push(...inSettings(tree, task));
    for (const { part } of task.expressions) {
      if (!part.source.includes('models')) continue;
      for (const chain of chainsIn(part.expression)) mentions.push(...ofChain(chain, tree, task));
    }
  }
  return mentions;
}

function inSettings(tree: SyntaxTree, task: Task): ModelMention[] {
  const mentions: ModelMention[] = [];
  for (const use of listed(task.action, 'names')) {
    if (use.names === 'version') mentions.push(...reference(tree, use.text, task));
    if (use.names !== 'model' && use.names !== 'selector') continue;
    const word = literalWord(tree, use.text);
    if (word === undefined) continue;
    const { names, role } = use;
    const { text, span } = word;
    if (names === 'model') mentions.push({ role, names, task, model: text, modelSpan: span, span });
    else {
      const model = mentions[0]?.model === undefined ? {} : { model: mentions[0].model };
      mentions.push({ role, names, task, ...model, selector: word, span });
    }
  }
  return mentions;
}

/** A field that holds `rain@production` or `models:/rain/3`. */
function reference(tree: SyntaxTree, written: TemplateText | undefined, task: Task): ModelMention[] {
  if (written?.template !== undefined) {
    // `rain@${{ params.alias }}`: the model is known all the same.
    const name = /^(.+)@/.exec(written.text.slice(0, written.text.indexOf('${{')))?.[1];
    const span = name === undefined ? undefined : literalWord(tree, { text: name, span: written.span })?.span;
    return name === undefined || span === undefined
      ? []
      : [{ role: 'uses', names: 'version', task, model: name, modelSpan: span, span, open: true }];
  }
  const word = literalWord(tree, written);
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
