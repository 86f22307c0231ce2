/** Completion inside of expressions: contexts, functions, and what the names before a dot hold. */
import { defined } from '../../base/defined.js';
import { endWhere } from '../../base/trim.js';
import { contextOf, contextsAt, TASK_MEMBERS } from '../../definition/expressions/contexts.js';
import type { ExpressionPlace, Param, Task } from '../../definition/definition.js';
import { FUNCTIONS } from '../../definition/expressions/functions.js';
import { schemaAt } from '../../definition/schema/index.js';
import { nodePathAt } from '../../syntax/text.js';
import type { Span } from '../../syntax/tree.js';
import {
  axisSummary,
  groupSummary,
  outputSummary,
  paramSummary,
  pipelineOf,
  taskOf,
  taskSummary,
} from '../hover/describe.js';
import { completeModelExpression } from './names/models.js';
import { completePackageExpression, packageNames } from './names/packages.js';
import { environmentVariables } from '../hover/contexts.js';
import { metricValue, shortValue } from '../hover/markdown.js';
import { isInComment, slotAt } from './slot.js';
import type { Completion, CompletionKind, IdeContext } from '../types.js';

export interface ExpressionSlot {
  /** The source of the expression up to the cursor. */
  readonly before: string;
  /** What is replaced: the word that the cursor is in. */
  readonly word: Span;
  readonly place: ExpressionPlace;
  /** It stands without `${{ }}`. */
  readonly bare: boolean;
  readonly task?: Task;
}

/** Undefined where the cursor is in no expression. */
export function expressionSlot(context: IdeContext, offset: number): ExpressionSlot | undefined {
  const { tree, kind } = context.definition;
  if (kind !== 'pipeline' || isInComment(tree, offset)) return undefined;
  const open = openBrace(tree.text, offset);
  if (open !== undefined) {
    const path = pathTo(context, open);
    const place = schemaAt(kind, path)?.place ?? 'command';
    return slotOf(context, tree.text.slice(open + 3, offset), offset, { place, path, bare: false });
  }
  const slot = slotAt(tree, offset);
  if (slot === undefined || slot.kind === 'key' || slot.typed.includes('${{')) return undefined;
  const info = schemaAt(kind, slot.path);
  if (info?.bare !== true || info.place === undefined) return undefined;
  return slotOf(context, slot.typed, offset, { place: info.place, path: slot.path, bare: true });
}

function slotOf(
  context: IdeContext,
  before: string,
  offset: number,
  at: { place: ExpressionPlace; path: readonly (string | number)[]; bare: boolean },
): ExpressionSlot {
  const { place, path, bare } = at;
  const { text } = context.definition.tree;
  const typed = endWhere(before, (character) => /[\w-]/.test(character));
  const tail = /^[\w-]*/.exec(text.slice(offset, offset + 200))?.[0] ?? '';
  const word = { start: offset - typed.length, end: offset + tail.length };
  const task = path[0] === 'tasks' ? taskOf(context, path[1]) : undefined;
  return task === undefined ? { before, word, place, bare } : { before, word, place, bare, task };
}

/** The `${{` that is still open at an offset. It may stand some lines above. */
function openBrace(text: string, offset: number): number | undefined {
  const open = text.lastIndexOf('${{', offset - 3);
  if (open === -1 || offset - open > 4_000) return undefined;
  const between = text.slice(open + 3, offset);
  const closed = between.replace(/'[^'\n]*'/g, '').includes('}}');
  const elsewhere = between.split('\n').length > 6 || /\n[ \t]*(?:- )?[\w-]+:\s/.test(between);
  return closed || elsewhere ? undefined : open;
}

function pathTo(context: IdeContext, offset: number): (string | number)[] {
  const { tree } = context.definition;
  const path = nodePathAt(tree, offset).map((step) => (step.kind === 'entry' ? step.key : step.index));
  return path.length > 0 ? path : [...(slotAt(tree, offset)?.path ?? [])];
}

/** Longer ones nobody types. */
const MAX_CHAIN = 1_000;

/** A chain of names that the text ends in, and whether a name is still to come behind it. */
const CHAIN =
  /([A-Za-z_][\w-]*)((?:\s*\.\s*[\w-]+|\[\s*'{1,2}[^'\]]*'{1,2}\s*\])*)(\s*\.\s*|\[\s*'{0,2})[\w-]*$/;

export function completeExpression(context: IdeContext, slot: ExpressionSlot): Completion[] {
  const special = completeModelExpression(context, slot) ?? completePackageExpression(context, slot);
  if (special !== undefined) return special;
  const chain = CHAIN.exec(slot.before.slice(-MAX_CHAIN));
  const quotes = slot.before.replaceAll("''", '').split("'").length - 1;
  const opens = chain !== null && (chain[3] ?? '').startsWith('[');
  if (quotes % 2 === 1 && !opens) return [];
  if (chain === null) return /[\w-]@[\w-]*$|\d$/.test(slot.before) ? [] : roots(slot);
  const steps = [...(chain[2] ?? '').matchAll(/\.\s*([\w-]+)|'{1,2}([^'\]]*)'{1,2}/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  return members(context, slot, chain[1] ?? '', steps).filter(
    (item) => opens || /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/.test(item.newText),
  );
}

type Details = Pick<Completion, 'detail' | 'documentation' | 'again'>;

function item(
  slot: ExpressionSlot,
  label: string,
  kind: CompletionKind,
  sort: string,
  details: Details,
): Completion {
  return {
    label,
    kind,
    span: slot.word,
    newText: label,
    snippet: false,
    sortText: `${sort}${label}`,
    ...details,
  };
}

function roots(slot: ExpressionSlot): Completion[] {
  const contexts = contextsAt(slot.place, slot.task !== undefined).map((context) =>
    item(slot, context.name, 'context', '1', {
      detail: 'context',
      documentation: `${context.doc}\n\n\`\`\`\n${context.example}\n\`\`\``,
    }),
  );
  const functions = FUNCTIONS.filter((info) => info.places.includes(slot.place)).map((info) => ({
    ...item(slot, info.name, 'function', '2', {
      detail: info.signature,
      documentation: `${info.doc}\n\n\`\`\`\n${info.example}\n\`\`\``,
    }),
    newText: info.maxArgs === 0 ? `${info.name}()` : `${info.name}($1)`,
    snippet: info.maxArgs > 0,
  }));
  const literals = ['true', 'false', 'null'].map((word) => item(slot, word, 'value', '3', {}));
  return [...contexts, ...functions, ...literals];
}

/** Params, and groups of params, below some steps. */
function paramMembers(
  slot: ExpressionSlot,
  params: readonly Param[],
  steps: readonly string[],
): Completion[] {
  const prefix = steps.map((step) => `${step}.`).join('');
  const found = new Map<string, Completion>();
  for (const param of params) {
    if (!param.name.startsWith(prefix)) continue;
    const [name = '', ...below] = param.name.slice(prefix.length).split('.');
    if (found.has(name)) continue;
    const group = below.length > 0;
    const value = param.default === undefined ? '' : ` = ${shortValue(param.default.value, 30)}`;
    const documentation = group ? groupSummary(`${prefix}${name}`, params) : paramSummary(param);
    found.set(
      name,
      item(slot, name, 'param', '1', {
        detail: group ? 'group' : `${param.type}${value}`,
        ...defined({ documentation }),
      }),
    );
  }
  return [...found.values()];
}

function members(
  context: IdeContext,
  slot: ExpressionSlot,
  root: string,
  steps: readonly string[],
): Completion[] {
  const pipeline = pipelineOf(context);
  if (pipeline === undefined) return [];
  switch (root) {
    case 'params':
      return paramMembers(slot, pipeline.params, steps);
    case 'env':
      return steps.length > 0 ? [] : variables(context, slot);
    case 'matrix': {
      const { task } = slot;
      if (steps.length > 0 || task === undefined) return [];
      return axesOf(task).map((name) =>
        item(slot, name, 'axis', '1', { documentation: axisSummary(task, name) }),
      );
    }
    case 'tasks':
      return taskMembers(context, slot, steps);
    case 'secrets': {
      const names = new Set(
        [...pipeline.secrets, ...pipeline.tasks.flatMap((task) => task.secrets)].map(({ value }) => value),
      );
      return steps.length > 0 ? [] : [...names].map((name) => item(slot, name, 'secret', '1', {}));
    }
    case 'models':
      return [];
    case 'packages':
      return steps.length > 0
        ? []
        : packageNames(context).map(({ name, detail = '' }) => item(slot, name, 'value', '1', { detail }));
    case 'environment':
      if (steps.length !== 1 || steps[0] !== 'variables') return fixedMembers(slot, root, steps);
      return [...environmentVariables(context, slot.task)].map(([name, detail]) =>
        item(slot, name, 'value', '1', { detail }),
      );
    default:
      return fixedMembers(slot, root, steps);
  }
}

function fixedMembers(slot: ExpressionSlot, root: string, steps: readonly string[]): Completion[] {
  if (steps.length > 0) return [];
  return (contextOf(root)?.members ?? []).map(({ name, doc }) =>
    item(slot, name, 'value', '1', { documentation: doc }),
  );
}

/** The axes of a task's matrix, those that only `include` adds behind the others. */
export function axesOf(task: Task): string[] {
  const names = new Set(task.matrix?.axes.map(({ name }) => name));
  for (const { value } of task.matrix?.include ?? []) for (const name of Object.keys(value)) names.add(name);
  return [...names];
}

function taskMembers(context: IdeContext, slot: ExpressionSlot, steps: readonly string[]): Completion[] {
  const pipeline = pipelineOf(context);
  const [name, section] = steps;
  if (pipeline === undefined) return [];
  if (name === undefined) {
    const others = pipeline.tasks.filter((task) => task.name !== slot.task?.name);
    return others.map((task, index) =>
      item(slot, task.name, 'task', String(index).padStart(5, '0'), {
        ...(task.action === undefined ? {} : { detail: task.action.kind }),
        ...(others.length > 200 ? {} : { documentation: taskSummary(context, task) }),
      }),
    );
  }
  const task = taskOf(context, name);
  if (section === undefined) {
    return TASK_MEMBERS.map((member) => item(slot, member.name, 'value', '1', { documentation: member.doc }));
  }
  if (task === undefined) return [];
  if (section === 'outputs' && steps.length === 2) {
    return task.outputs.map((output) =>
      item(slot, output.name, 'output', '1', {
        detail: output.path.text,
        documentation: outputSummary(task, output),
      }),
    );
  }
  if (section !== 'metrics') return [];
  const prefix = steps
    .slice(2)
    .map((step) => `${step}.`)
    .join('');
  return Object.entries(context.history?.task(pipeline.name, task.name)?.metrics ?? {})
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) =>
      item(slot, key.slice(prefix.length), 'metric', '1', {
        detail: `${metricValue(value)} in the last run`,
      }),
    );
}

function variables(context: IdeContext, slot: ExpressionSlot): Completion[] {
  const items = new Map<string, Completion>();
  const add = (name: string, detail: string, sort: string): void => {
    if (!items.has(name)) items.set(name, item(slot, name, 'variable', sort, { detail }));
  };
  for (const { name, value } of slot.task?.env ?? []) add(name, shortValue(value.text), '1');
  for (const { name, value } of pipelineOf(context)?.env ?? []) add(name, shortValue(value.text), '2');
  for (const name of context.environmentNames?.() ?? []) add(name, 'environment', '3');
  return [...items.values()];
}
