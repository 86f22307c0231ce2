/** Hover: documentation of keys, contexts, functions and rules; what names stand for; how tasks went the last time. */
import { contextOf, TASK_MEMBERS } from '../../definition/expressions/contexts.js';
import { display } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';
import { isComposite } from '../../definition/expressions/values.js';
import { viewNamed } from '../../definition/known/feature-catalog.js';
import { functionOf } from '../../definition/expressions/functions.js';
import { COUNTS_WORDS, countsAt } from '../../definition/schema/counts.js';
import { schemaAt, type SchemaInfo } from '../../definition/schema/index.js';
import { isRuleId } from '../../rules/ids.js';
import { ruleById } from '../../rules/index.js';
import { bareExpression, expressionAt } from '../../syntax/expressions/expression.js';
import { anchorMarks, mergeAt, type AnchorMark } from '../../syntax/anchors.js';
import { lineAt, nodePathAt } from '../../syntax/text.js';
import type { Expression, ExpressionPart, Span, SyntaxTree } from '../../syntax/tree.js';
import { chainOf } from '../../definition/expressions/chains.js';
import { plural } from '../../base/format.js';
import {
  axisSummary,
  groupSummary,
  outputSummary,
  paramSummary,
  pipelineOf,
  taskOf,
  taskSummary,
} from './describe.js';
import {
  catalog,
  entitySummary,
  featureSummary,
  ownerSummary,
  serviceSummary,
  viewSummary,
} from './features.js';
import { environmentMember, packageMember } from './contexts.js';
import { modelHover } from './models.js';
import { servingSummary } from './serving.js';
import { pathSummary, stageSummary, writtenSummary } from './stages.js';
import { ago, code, escapeMarkdown, metricValue, shortValue } from './markdown.js';
import { occurrenceAt, type Thing } from '../navigate/occurrences.js';
import { pathUnder } from '../navigate/paths.js';
import { nowOf, placeSummary } from './describe.js';
import type { Hover, IdeContext } from '../types.js';

/** Lines of an anchored value that are shown. */
const ANCHOR_LINES = 20;

export function hover(context: IdeContext, offset: number): Hover | undefined {
  return (
    directiveHover(context, offset) ??
    anchorHover(context, offset) ??
    modelHover(context, offset) ??
    occurrenceHover(context, offset) ??
    expressionHover(context, offset) ??
    pathHover(context, offset) ??
    schemaHover(context, offset)
  );
}

function directiveHover(context: IdeContext, offset: number): Hover | undefined {
  const { tree } = context.definition;
  const comment = tree.comments.find(({ span }) => span.start <= offset && offset <= span.end);
  if (comment === undefined || !/^#\s*modelyard-disable/.test(comment.text)) return undefined;
  for (const match of comment.text.matchAll(/(?<![a-z])[a-z]+\/[a-z-]+/g)) {
    const span = {
      start: comment.span.start + match.index,
      end: comment.span.start + match.index + match[0].length,
    };
    if (offset < span.start || offset > span.end || !isRuleId(match[0])) continue;
    const rule = ruleById(match[0]);
    if (rule !== undefined) {
      return {
        span,
        markdown: `**${rule.id}** · ${rule.severity}\n\n${escapeMarkdown(rule.summary)}\n\n${rule.docs.trim()}`,
      };
    }
  }
  return undefined;
}

/** What an alias or a merge stands for, as it is written. */
function anchorHover(context: IdeContext, offset: number): Hover | undefined {
  const { tree } = context.definition;
  const at = (mark: AnchorMark) => mark.span.start - 1 <= offset && offset <= mark.span.end;
  const merged = mergeAt(tree, offset);
  const aliases = merged.length > 0 ? merged : anchorMarks(tree).aliases.filter(at);
  const [first] = aliases;
  if (first === undefined) return undefined;
  const parts = aliases.flatMap(({ anchor }) => (anchor === undefined ? [] : [anchorText(tree, anchor)]));
  return parts.length === 0 ? undefined : { span: first.span, markdown: parts.join('\n\n') };
}

function anchorText(tree: SyntaxTree, { name, span }: AnchorMark): string {
  const line = lineAt(tree.lineStarts, span.start);
  const indentOf = (text: string): number => text.length - text.trimStart().length;
  const textOf = (index: number): string =>
    tree.text.slice(tree.lineStarts[index] ?? tree.text.length, tree.lineStarts[index + 1]).trimEnd();
  const shown = [textOf(line)];
  const indent = indentOf(textOf(line));
  for (let next = line + 1; next < tree.lineStarts.length && shown.length < ANCHOR_LINES; next++) {
    const text = textOf(next);
    if (text !== '' && indentOf(text) <= indent) break;
    shown.push(text);
  }
  const body = shown
    .map((text) => clipText(text.slice(indent), 200))
    .join('\n')
    .trimEnd()
    .replaceAll('```', "'''");
  return `${code(`&${name}`)} · line ${line + 1}\n\n\`\`\`yaml\n${body}\n\`\`\``;
}

function clipText(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function occurrenceHover(context: IdeContext, offset: number): Hover | undefined {
  const occurrence = occurrenceAt(context.definition, context.project, offset);
  if (occurrence === undefined) return undefined;
  const markdown = describeThing(context, occurrence.thing, offset);
  return markdown === undefined ? undefined : { span: occurrence.span, markdown };
}

function describeThing(context: IdeContext, thing: Thing, offset: number): string | undefined {
  const { name, owner, file } = thing;
  const home = file === undefined ? context.definition : definitionOf(context, file);
  const pipeline = home?.kind === 'pipeline' ? home.pipeline : undefined;
  switch (thing.kind) {
    case 'anchor':
      return undefined;
    case 'param': {
      const full = owner === undefined ? name : `${owner}.${name}`;
      const param = pipeline?.params.find((candidate) => candidate.name === full);
      return param === undefined
        ? (groupSummary(full, pipeline?.params ?? []) ?? writtenSummary(context, thing))
        : paramSummary(param);
    }
    case 'task': {
      const task = taskOf(context, name);
      return stageSummary(context, name) ?? (task === undefined ? undefined : taskSummary(context, task));
    }
    case 'path':
      return pathSummary(context, thing);
    case 'output': {
      const task = taskOf(context, owner);
      const output = task?.outputs.find((candidate) => candidate.name === name);
      return task === undefined || output === undefined ? undefined : outputSummary(task, output);
    }
    case 'axis': {
      const task = taskOf(context, owner);
      return task === undefined ? writtenSummary(context, thing) : axisSummary(task, name);
    }
    case 'variable':
      return variableSummary(context, name, offset);
    case 'pipeline':
      return pipelineSummary(context, name);
    case 'entity':
    case 'view':
    case 'feature':
    case 'feature-service':
    case 'owner':
      return definedThing(context, thing);
    case 'model':
    case 'alias':
    case 'version':
      return undefined;
    case 'environment':
    case 'target':
    case 'executor':
    case 'package':
    case 'service':
      return servingSummary(context, thing.kind, name);
  }
}

function definitionOf(context: IdeContext, file: string) {
  if (context.definition.path === file) return context.definition;
  return context.project.definitions().find(({ path }) => path === file);
}

function variableSummary(context: IdeContext, name: string, offset: number): string {
  const pipeline = pipelineOf(context);
  const task = pipeline?.tasks.find(({ span }) => span.start <= offset && offset <= span.end);
  const own =
    task?.env.find((entry) => entry.name === name) ?? pipeline?.env.find((entry) => entry.name === name);
  const value = own === undefined ? 'from the environment of the run' : code(shortValue(own.value.text));
  return `**env.${escapeMarkdown(name)}** · ${value}`;
}

function pipelineSummary(context: IdeContext, name: string): string | undefined {
  const own = pipelineOf(context);
  const found = own?.name === name ? context.definition : context.project.pipelinesByName.get(name)?.[0];
  if (found?.kind !== 'pipeline') return undefined;
  const { pipeline, path } = found;
  const lines = [`**${escapeMarkdown(name)}** · ${pipeline.kind} · ${code(path)}`];
  if (pipeline.description !== undefined) lines.push(escapeMarkdown(pipeline.description));
  lines.push(
    `${plural(pipeline.tasks.length, 'task')}${pipeline.params.length === 0 ? '' : `, params ${pipeline.params.map((param) => code(param.name)).join(', ')}`}`,
  );
  const last = context.history?.pipeline(name);
  if (last !== undefined) lines.push(`Last run: **${last.status}** ${ago(last.at, nowOf(context))}`);
  return lines.join('\n\n');
}

function definedThing(context: IdeContext, thing: Thing): string | undefined {
  const known = catalog(context);
  switch (thing.kind) {
    case 'entity': {
      const found = known.entities.get(thing.name)?.[0];
      return found === undefined ? undefined : entitySummary(context, found.item);
    }
    case 'view': {
      const found = viewNamed(known, thing.name);
      return found === undefined ? undefined : viewSummary(context, found.item);
    }
    case 'feature': {
      const view = viewNamed(known, thing.owner ?? '')?.item;
      const feature = view?.features.find(({ name }) => name === thing.name);
      return view === undefined || feature === undefined ? undefined : featureSummary(context, view, feature);
    }
    case 'feature-service': {
      const found = known.services.get(thing.name)?.[0];
      return found === undefined ? undefined : serviceSummary(context, found.item);
    }
    default:
      return ownerSummary(context, thing.name);
  }
}

/** The expression that an offset lies in, in `${{ }}` or as a bare condition. */
export function expressionPartAt(context: IdeContext, offset: number): ExpressionPart | undefined {
  const { tree, kind } = context.definition;
  const path = nodePathAt(tree, offset);
  const last = path.at(-1);
  const node = last?.kind === 'item' ? last.node : last?.where === 'value' ? last.entry.value : null;
  if (node?.kind !== 'scalar') return undefined;
  const part = node.template?.parts.find(
    (candidate): candidate is ExpressionPart =>
      candidate.kind === 'expression' && candidate.span.start <= offset && offset <= candidate.span.end,
  );
  if (part !== undefined || node.template !== undefined) return part;
  const info = schemaAt(
    kind,
    path.map((step) => (step.kind === 'entry' ? step.key : step.index)),
  );
  return info?.bare === true ? bareExpression(node, tree.text).part : undefined;
}

function expressionHover(context: IdeContext, offset: number): Hover | undefined {
  const part = expressionPartAt(context, offset);
  if (part === undefined) return undefined;
  const trail = expressionAt(part.expression, offset);
  const inner = trail.at(-1);
  if (inner?.kind === 'call' && offset <= inner.nameSpan.end)
    return functionHover(inner.name, inner.nameSpan);
  if (inner?.kind === 'name') {
    const found = contextOf(inner.name);
    return found === undefined
      ? undefined
      : {
          span: inner.span,
          markdown: `**${found.name}** · context\n\n${found.doc}\n\n${code(found.example)}`,
        };
  }
  if (inner?.kind === 'at') return memberHover(context, inner, offset);
  return inner?.kind === 'member' || inner?.kind === 'index'
    ? memberHover(context, inner, offset)
    : undefined;
}

function functionHover(name: string, span: Span): Hover | undefined {
  const found = functionOf(name);
  return found === undefined
    ? undefined
    : { span, markdown: `\`\`\`\n${found.signature}\n\`\`\`\n\n${found.doc}\n\n${code(found.example)}` };
}

/** `git.commit`, `tasks.train.status`, `tasks.train.metrics.accuracy`. */
function memberHover(context: IdeContext, expression: Expression, offset: number): Hover | undefined {
  const chain = chainOf(expression);
  const last = chain?.steps.at(-1);
  if (chain === undefined || last?.name === undefined) return undefined;
  const { span } = last;
  const names = chain.steps.map((step) => step.name ?? '*');
  const title = `**${escapeMarkdown([chain.context, ...names].join('.'))}**`;
  if (chain.context === 'environment') {
    const said = environmentMember(context, offset, names);
    return said === undefined ? undefined : { span, markdown: `${title}\n\n${said}` };
  }
  if (chain.context === 'packages') {
    const [first = '', second] = names;
    const selected = chain.steps[1]?.selector === true;
    const said = packageMember(context, first, selected ? second : undefined, names[selected ? 2 : 1]);
    const path = selected ? [`${first}@${second ?? ''}`, ...names.slice(2)] : names;
    const heading = `**${escapeMarkdown(['packages', ...path].join('.'))}**`;
    return said === undefined ? undefined : { span, markdown: `${heading}\n\n${said}` };
  }
  if (chain.context !== 'tasks') {
    const member = contextOf(chain.context)?.members.find(({ name }) => name === names[0]);
    return member === undefined ? undefined : { span, markdown: `${title}\n\n${member.doc}` };
  }
  if (names.length === 2) {
    const member = TASK_MEMBERS.find(({ name }) => name === names[1]);
    return member === undefined ? undefined : { span, markdown: `${title}\n\n${member.doc}` };
  }
  if (names[1] !== 'metrics') return undefined;
  const pipeline = pipelineOf(context);
  const history = pipeline === undefined ? undefined : context.history?.task(pipeline.name, names[0] ?? '');
  const value = history?.metrics[names.slice(2).join('.')];
  const known: string =
    value === undefined || history === undefined
      ? 'A metric; no earlier run has reported it.'
      : `${code(metricValue(value))} in the run ${ago(history.at, nowOf(context))}`;
  return { span, markdown: `${title}\n\n${known}` };
}

function pathHover(context: IdeContext, offset: number): Hover | undefined {
  const under = pathUnder(context, offset);
  const pipeline = pipelineOf(context);
  if (under === undefined || pipeline === undefined) return undefined;
  const makers = pipeline.tasks.filter(({ span }) =>
    under.producers.some((producer) => span.start <= producer.span.start && producer.span.end <= span.end),
  );
  const lines = [placeSummary(context, under.path)];
  for (const task of makers) lines.push(`Made by **${escapeMarkdown(task.name)}**`);
  return { span: under.span, markdown: lines.join('\n\n') };
}

function schemaHover(context: IdeContext, offset: number): Hover | undefined {
  const { tree, kind } = context.definition;
  const path = nodePathAt(tree, offset);
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const keys = path.map((step) => (step.kind === 'entry' ? step.key : step.index));
  const info = schemaAt(kind, keys);
  if (info === undefined) return undefined;
  if (last.kind === 'entry' && last.where === 'key') {
    const counts = countsAt(kind, keys);
    const words = counts === undefined ? '' : `\n\n_${COUNTS_WORDS[counts]}_`;
    return { span: last.entry.key.span, markdown: `${schemaMarkdown(last.key, info)}${words}` };
  }
  const node = last.kind === 'item' ? last.node : last.entry.value;
  const title = last.kind === 'entry' ? last.key : undefined;
  return node?.kind === 'scalar' && title !== undefined && info.values.length > 0
    ? { span: node.span, markdown: schemaMarkdown(title, info) }
    : undefined;
}

function schemaMarkdown(key: string, info: SchemaInfo): string {
  const lines = [`**${escapeMarkdown(key)}** · ${escapeMarkdown(info.type)}`];
  if (info.description !== '') lines.push(info.description);
  if (info.values.length > 0)
    lines.push(`One of ${info.values.map((value) => code(shortValue(value))).join(', ')}`);
  if (info.default !== undefined) lines.push(`Default: ${code(shortValue(info.default))}`);
  const examples = info.examples.slice(0, 2).map((example) => exampleText(key, example));
  if (examples.length > 0) lines.push(`\`\`\`yaml\n${examples.join('\n')}\n\`\`\``);
  return lines.join('\n\n');
}

function exampleText(key: string, example: Json): string {
  return `${key}: ${flowText(example)}`;
}

/** A value as it would be written on one line of YAML. */
function flowText(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(flowText).join(', ')}]`;
  if (isComposite(value)) {
    return `{ ${Object.entries(value as Readonly<Record<string, Json>>)
      .map(([name, item]) => `${name}: ${flowText(item)}`)
      .join(', ')} }`;
  }
  if (typeof value === 'string') return /^[\w./+*@ -]+$/.test(value) ? value : JSON.stringify(value);
  return display(value);
}
