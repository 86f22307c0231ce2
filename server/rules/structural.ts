/** Rules that pass on what reading the text already found. */
import { defined } from '../base/defined.js';
import type { StructuralCode, StructuralProblem } from '../definition/definition.js';
import type { SyntaxProblemCode } from '../syntax/tree.js';
import { renames, replacement } from './shared/edits.js';
import type { Fix, Report, RuleContext } from './rule.js';

/** Reports the problems of one code; the fixes are renames to the candidates unless `fixes` knows better. */
export function reportStructural(
  context: RuleContext,
  code: StructuralCode,
  fixes: (problem: StructuralProblem) => readonly Fix[] = (problem) =>
    problem.replacement === undefined
      ? renames(context, problem.span, problem.candidates ?? [])
      : [
          replacement(
            context,
            problem.replacement.title,
            problem.replacement.span,
            problem.replacement.newText,
          ),
        ],
  lacks: (problem: StructuralProblem) => Report['lacks'] = () => undefined,
): void {
  for (const problem of context.definition.problems) {
    if (problem.code !== code) continue;
    context.report({
      span: problem.span,
      message: problem.message,
      fixes: fixes(problem),
      ...defined({ lacks: lacks(problem), related: problem.related }),
    });
  }
}

/** Reports the syntax problems of one code, those of expressions without braces included. */
export function reportSyntax(context: RuleContext, code: SyntaxProblemCode, relatedMessage = ''): void {
  const { path, syntaxProblems } = context.definition;
  for (const problem of syntaxProblems) {
    if (problem.code !== code) continue;
    const { span, message, related } = problem;
    context.report({
      span,
      message,
      related: related === undefined ? [] : [{ path, span: related, message: relatedMessage }],
    });
  }
}
