/** What is said where nothing has a name: which names may have been meant, or else which ones there are. */
import type { Located } from '../../definition/definition.js';
import { alternatives, didYouMean, similar } from '../../definition/names/names.js';
import type { Span } from '../../syntax/tree.js';
import { renames } from './edits.js';
import type { Fix, Related, RuleContext } from '../rule.js';

export interface UnknownName {
  /** A sentence: `There is no pipeline "rain-trian" in this project.` */
  readonly message: string;
  /** Said behind it where there are no names at all. */
  readonly none?: string;
  readonly related?: readonly Related[];
  /** Behind those that take another name. */
  readonly fixes?: readonly Fix[];
}

/**
 * Reports that nothing has a name, with a fix for each name that may have been meant.
 *
 * @param names that there are
 */
export function reportUnknown(
  context: RuleContext,
  name: Located<string>,
  names: readonly string[],
  { message, none = '', related = [], fixes = [] }: UnknownName,
): void {
  // Reported as an expression at a place that takes none.
  if (name.value.includes('${{')) return;
  const candidates = similar(name.value, names);
  const expected = names.length > 0 ? ` Expected one of ${alternatives(names)}.` : none;
  context.report({
    span: name.span,
    message: `${message}${candidates.length > 0 ? didYouMean(candidates) : expected}`,
    related,
    fixes: [...renames(context, bare(context, name), candidates), ...fixes],
  });
}

/** The name without its quotes, so that a fix keeps them. */
function bare({ definition }: RuleContext, { value, span }: Located<string>): Span {
  const { text } = definition.tree;
  const start = text.startsWith(value, span.start + 1) && /['"]/.test(text.charAt(span.start)) ? 1 : 0;
  return start === 0 ? span : { start: span.start + 1, end: span.start + 1 + value.length };
}
