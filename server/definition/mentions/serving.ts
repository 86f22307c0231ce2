/** Every place that names an environment, a target, an executor, an app package or a service. */
import { memo } from '../../base/memo.js';
import { defined } from '../../base/defined.js';
import { entryOf } from '../../syntax/text.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';
import { listed } from '../actions.js';
import type { Definition, PipelineDefinition, ProjectDefinition } from '../read/analyze.js';
import { chainsIn } from '../expressions/chains.js';
import type { Task, TemplateText } from '../definition.js';

export type ServingKind = 'environment' | 'target' | 'executor' | 'package' | 'service';

export interface ServingMention {
  readonly kind: ServingKind;
  readonly name: string;
  /** The bare name. */
  readonly span: Span;
  /** Where it is defined: all of the definition. */
  readonly whole?: Span;
  /** Of a package: what stands behind the `@`. */
  readonly version?: { readonly text: string; readonly span: Span };
  /** In a pipeline. */
  readonly task?: Task;
}

/** Always there, without being defined. */
export const LOCAL_TARGET = 'local';

const NONE: readonly ServingMention[] = [];

/** Names that an expression gives are left out. */
export function servingMentions(definition: Definition): readonly ServingMention[] {
  if (definition.kind === 'project') return ofProject(definition);
  return definition.kind === 'pipeline' ? ofPipeline(definition) : NONE;
}

const ofProject = memo(inProject);
const ofPipeline = memo(inPipeline);

/** Where a text without expressions stands, without quotes; `undefined` when it is empty or escapes hide it. */
export function literalWord(
  tree: SyntaxTree,
  text: TemplateText | undefined,
): { text: string; span: Span } | undefined {
  const word = text?.text.trim() ?? '';
  if (text === undefined || text.template !== undefined || word === '') return undefined;
  const at = tree.text.slice(text.span.start, text.span.end).indexOf(word);
  if (at === -1) return undefined;
  const start = text.span.start + at;
  return { text: word, span: { start, end: start + word.length } };
}

function inProject({ tree }: ProjectDefinition): ServingMention[] {
  const mentions: ServingMention[] = executorOfAll(tree);
  for (const [section, kind] of [
    ['environments', 'environment'],
    ['targets', 'target'],
    ['executors', 'executor'],
  ] as const) {
    const map = entryOf(tree.root, section)?.value;
    if (map?.kind !== 'map') continue;
    for (const { key, span: whole, value } of map.entries) {
      const name = literalWord(tree, { text: key.text, span: key.span });
      if (name !== undefined) mentions.push({ kind, name: name.text, span: name.span, whole });
      const target = section === 'environments' ? entryOf(value, 'target')?.value : undefined;
      if (target?.kind !== 'scalar') continue;
      const word = literalWord(tree, { text: target.text, span: target.span });
      if (word !== undefined) mentions.push({ kind: 'target', name: word.text, span: word.span });
    }
  }
  return mentions;
}

/** The executor that is named for all that name none. */
function executorOfAll(tree: SyntaxTree): ServingMention[] {
  const node = entryOf(tree.root, 'executor')?.value;
  const text = node?.kind === 'scalar' ? { text: node.text, span: node.span } : undefined;
  const name = literalWord(tree, text);
  return name === undefined ? [] : [{ kind: 'executor', name: name.text, span: name.span }];
}

function inPipeline({ tree, pipeline }: PipelineDefinition): ServingMention[] {
  const mentions: ServingMention[] = executorOfAll(tree);
  for (const task of pipeline.tasks) {
    const add = (kind: ServingKind, text: TemplateText | undefined, whole?: Span): void => {
      const word = literalWord(tree, text);
      if (word === undefined) return;
      // `rain-app@3` names the package and one of its versions.
      const name = kind === 'package' ? word.text.replace(/@.*$/s, '') : word.text;
      const span = { start: word.span.start, end: word.span.start + name.length };
      const selector = word.text.slice(name.length + 1);
      const version = { text: selector, span: { start: span.end + 1, end: word.span.end } };
      if (name === '') return;
      mentions.push({
        kind,
        name,
        span,
        task,
        ...defined({ whole }),
        ...(selector === '' ? {} : { version }),
      });
    };
    const { action, executor } = task;
    if (executor !== undefined) add('executor', { text: executor.value, span: executor.span });
    for (const use of listed(action, 'names')) {
      if (use.names === 'model' || use.names === 'version' || use.names === 'selector') continue;
      add(use.names, use.text, use.made === true ? task.span : undefined);
    }
    for (const { part } of task.expressions) {
      if (!part.source.includes('packages')) continue;
      for (const { context, steps } of chainsIn(part.expression)) {
        const [first, second] = steps;
        if (context !== 'packages' || first?.name === undefined) continue;
        const end = second?.selector === true ? second.span.end : first.span.end;
        const selected = second?.selector === true ? `${first.name}@${second.name ?? ''}` : first.name;
        add('package', { text: selected, span: { start: first.span.start, end } });
      }
    }
  }
  return mentions;
}
