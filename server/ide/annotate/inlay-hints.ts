/** Inlay hints: the default behind a param in an expression, the task that a path comes from, the version that an alias means. */
import type { ExpressionSite } from '../../definition/definition.js';
import { projectGraph } from '../../rules/context.js';
import type { Span } from '../../syntax/tree.js';
import { chainOf } from '../../definition/expressions/chains.js';
import { modelMentions } from '../../definition/mentions/models.js';
import { isVersionNumber } from '../../definition/names/registry-names.js';
import { versionDetail } from '../hover/models.js';
import { versionMeant } from '../navigate/model-places.js';
import { shortValue } from '../hover/markdown.js';
import type { IdeContext, InlayHint } from '../types.js';

const LIMIT = 1_000;

export function inlayHints(context: IdeContext, range?: Span): InlayHint[] {
  if (context.definition.kind !== 'pipeline') return [];
  const inside = (offset: number): boolean =>
    range === undefined || (range.start <= offset && offset <= range.end);
  const hints = [
    ...paramHints(context, inside),
    ...edgeHints(context, inside),
    ...versionHints(context, inside),
  ];
  // A text that aliases share is one text.
  const once = new Map(hints.map((hint) => [`${hint.offset} ${hint.label}`, hint]));
  return [...once.values()].sort((left, right) => left.offset - right.offset).slice(0, LIMIT);
}

type Inside = (offset: number) => boolean;

function paramHints(context: IdeContext, inside: Inside): InlayHint[] {
  if (context.definition.kind !== 'pipeline') return [];
  const { pipeline, path } = context.definition;
  const params = new Map(pipeline.params.map((param) => [param.name, param]));
  const hints: InlayHint[] = [];
  const add = ({ part }: ExpressionSite): void => {
    const { expression, span } = part;
    if (!inside(span.end)) return;
    // Only where the expression is nothing but the param: in a comparison the value would be in the way.
    const chain = chainOf(expression);
    if (chain?.context !== 'params') return;
    const param = params.get(chain.steps.map(({ name }) => name ?? '*').join('.'));
    if (param?.default === undefined) return;
    hints.push({
      offset: expression.span.end,
      label: ` = ${shortValue(param.default.value, 30)}`,
      kind: 'value',
      tooltip: param.description ?? `The default of params.${param.name}`,
      target:
        param.file === undefined
          ? { path, span: param.nameSpan }
          : { path: param.file.path, span: param.file.nameSpan },
    });
  };
  for (const owner of [pipeline, ...pipeline.tasks]) owner.expressions.forEach(add);
  return hints;
}

/** Behind an alias the version that it means now. */
function versionHints(context: IdeContext, inside: Inside): InlayHint[] {
  if (context.definition.kind !== 'pipeline' || context.project.models === undefined) return [];
  const { text } = context.definition.tree;
  return modelMentions(context.definition).flatMap((mention): InlayHint[] => {
    const { selector, role } = mention;
    if (selector === undefined || isVersionNumber(selector.text) || !inside(selector.span.end)) return [];
    const meant = versionMeant(context, mention);
    if (meant === undefined) return [];
    const { model, version } = meant;
    const { end } = selector.span;
    const moves = role === 'sets' ? '; this task moves it' : '';
    return [
      {
        // A value's own quotes belong to it.
        offset: /["']/.test(text.charAt(end)) ? end + 1 : end,
        label: ` = ${version.version}`,
        kind: 'value',
        tooltip: `${model.name}@${selector.text} is version ${version.version} now (${versionDetail(context, model, version)})${moves}`,
        version: { model: model.name, version: version.version },
      },
    ];
  });
}

function edgeHints(context: IdeContext, inside: Inside): InlayHint[] {
  if (context.definition.kind !== 'pipeline') return [];
  const { pipeline, path } = context.definition;
  const graph = projectGraph(pipeline, context.project);
  const sources = new Map<number, { readonly end: number; readonly tasks: Map<string, Span> }>();
  for (const edge of graph.edges) {
    const from = graph.byId.get(edge.from)?.task;
    for (const reason of edge.reasons) {
      if (reason.kind !== 'path' || from === undefined || !inside(reason.input.end)) continue;
      const { input } = reason;
      let source = sources.get(input.start);
      if (source === undefined) sources.set(input.start, (source = { end: input.end, tasks: new Map() }));
      source.tasks.set(from.name, from.nameSpan);
    }
  }
  return [...sources.values()].map(({ end, tasks }): InlayHint => {
    const names = [...tasks.keys()];
    const [first] = tasks.values();
    const label =
      names.length > 3 ? `${names.slice(0, 3).join(', ')} +${names.length - 3}` : names.join(', ');
    return {
      offset: end,
      label: ` ← ${label}`,
      kind: 'edge',
      tooltip: `Made by ${names.slice(0, 20).join(', ')}`,
      ...(first === undefined ? {} : { target: { path, span: first } }),
    };
  });
}
