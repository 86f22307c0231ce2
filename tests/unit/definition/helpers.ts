import assert from 'node:assert/strict';
import { analyze } from '../../../server/definition/read/analyze.js';
import type { PipelineDefinition } from '../../../server/definition/read/analyze.js';
import type { Json, TemplateText } from '../../../server/definition/definition.js';
import type { Scope } from '../../../server/definition/expressions/evaluate.js';
import { lookupIn } from '../../../server/definition/expressions/values.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import type { Expression, ScalarNode } from '../../../server/syntax/tree.js';
import { parseExpression } from '../../../server/syntax/expressions/expression.js';

export function pipelineOf(text: string, path = 'pipelines/test.pipeline.yaml'): PipelineDefinition {
  const definition = analyze(parseYaml(text), path);
  assert.equal(definition.kind, 'pipeline');
  return definition;
}

export function expressionOf(source: string): Expression {
  const { expression, problems } = parseExpression(source, 0);
  assert.deepEqual(problems, [], source);
  return expression;
}

/** A text with `${{ }}` as the reader of a file would give it. */
export function templateOf(text: string): TemplateText {
  const root = parseYaml(JSON.stringify(text)).root as ScalarNode;
  return {
    text: root.text,
    span: root.span,
    ...(root.template === undefined ? {} : { template: root.template }),
  };
}

/** Knows these contexts and nothing else. */
export function scopeOf(values: Readonly<Record<string, Json>>, rest: Partial<Scope> = {}): Scope {
  return {
    lookup: (context, path) =>
      Object.hasOwn(values, context)
        ? lookupIn(values[context] ?? null, path)
        : { kind: 'unknown', why: context },
    ...rest,
  };
}
