/** Rules that pass on what typing the expressions already found. */
import type { TypeProblem } from '../../definition/expressions/types/types.js';
import { renames } from './edits.js';
import type { Fix, RuleContext } from '../rule.js';

/** The keys under which that is defined which is not there. */
const DEFINED_UNDER: Partial<Record<TypeProblem['code'], readonly string[]>> = {
  'unknown-task': ['tasks'],
  'unknown-param': ['params'],
  'unknown-output': ['outputs'],
  'unknown-matrix-key': ['matrix'],
};

/** Reports the problems of one code in all expressions; the fixes are renames to the candidates, or else `fallback`'s. */
export function reportTyped(
  context: RuleContext,
  code: TypeProblem['code'],
  fallback: (problem: TypeProblem) => readonly Fix[] = () => [],
): void {
  for (const { problems } of context.typing()) {
    for (const problem of problems) {
      if (problem.code !== code) continue;
      const fixes = fixesOf(context, problem);
      context.report({
        span: problem.span,
        message: problem.message,
        fixes: fixes.length > 0 ? fixes : fallback(problem),
        ...(problem.perhaps === true ? { severity: 'warning' } : {}),
        lacks: { keys: DEFINED_UNDER[code] ?? [] },
      });
    }
  }
}

/** In `tasks['trian']` the span holds the quotes, which stay. */
function fixesOf(context: RuleContext, problem: TypeProblem): Fix[] {
  const { text } = context.definition.tree;
  const { start, end } = problem.span;
  const quoted = text[start] === "'" && text[end - 1] === "'" && end - start > 1;
  const span = quoted ? { start: start + 1, end: end - 1 } : problem.span;
  const fits = quoted || text.slice(start, end) === problem.found;
  return fits ? renames(context, span, problem.candidates ?? []) : [];
}
