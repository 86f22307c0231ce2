/**
 * The names of all rules, apart from the rules themselves, so that a rule can ask whether a name is one without
 * importing its siblings. In the order in which the index page shows them.
 */
export const RULE_IDS = [
  'syntax/yaml',
  'syntax/duplicate-key',
  'syntax/expression',
  'schema/unknown-key',
  'schema/missing-key',
  'schema/type',
  'schema/value',
  'schema/name',
  'schema/one-action',
  'graph/cycle',
  'graph/duplicate-output',
  'graph/nested-output',
  'graph/redundant-needs',
  'reference/unknown-task',
  'reference/unknown-param',
  'reference/unknown-output',
  'reference/unknown-matrix-key',
  'reference/unknown-context',
  'reference/unknown-pipeline',
  'reference/duplicate-pipeline',
  'reference/unknown-model',
  'reference/unknown-alias',
  'reference/unknown-environment',
  'reference/unknown-package',
  'reference/unknown-service',
  'path/missing-input',
  'path/outside-project',
  'path/ignored-by-cache',
  'expression/type',
  'expression/function',
  'expression/arity',
  'expression/always',
  'param/default',
  'param/unused',
  'task/no-outputs',
  'task/duration',
  'resource/unit',
  'feature/unknown-entity',
  'feature/unknown-view',
  'feature/unknown-feature',
  'feature/unknown-service',
  'feature/missing-timestamp',
  'feature/duplicate',
  'feature/unused',
  'model/name',
  'model/alias-name',
  'package/empty',
  'package/entrypoint-missing',
  'package/secret-file',
  'approval/nobody',
  'deploy/port-conflict',
  'deploy/unhealthy-probe',
  'monitor/unknown-metric',
  'monitor/unknown-feature',
  'security/raw',
  'security/secret-in-command',
  'suppression/unused',
] as const;

export type RuleId = (typeof RULE_IDS)[number];

const known: ReadonlySet<string> = new Set(RULE_IDS);

export function isRuleId(text: string): text is RuleId {
  return known.has(text);
}
