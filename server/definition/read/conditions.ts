/** Conditions (`if`, checks): expressions with or without `${{ }}`. */
import type { ExpressionSite, TemplateText } from '../definition.js';
import { scalarOf, templateOf } from './read.js';
import type { Maybe } from './read.js';

/** Conditions by the place of their scalar: the walk along the schema has parsed those without `${{ }}`. */
export type Conditions = ReadonlyMap<number, ExpressionSite>;

export function conditionsOf(sites: readonly ExpressionSite[]): Conditions {
  const found = new Map<number, ExpressionSite>();
  for (const site of sites) if (site.whole) found.set(site.span.start, site);
  return found;
}

/** A condition as a template of one expression, however it is written. */
export function conditionOf(node: Maybe, conditions: Conditions): TemplateText | undefined {
  const scalar = scalarOf(node);
  if (scalar === undefined) return undefined;
  const site = conditions.get(scalar.span.start);
  if (site === undefined) return templateOf(scalar);
  return { text: scalar.text, span: scalar.span, template: { parts: [site.part] } };
}
