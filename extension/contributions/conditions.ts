/** What the conditions of menus and views ask for beside the item: keys that the extension sets, and VS Code's own. */

export const CONTEXT_KEYS = [
  'asked',
  'hasCanary',
  'hasDeletedModels',
  'hasDeletedVersions',
  'hasFeatures',
  'hasModels',
  'hasPipelines',
  'hasRuns',
  'hasServices',
  'models.filtered',
  'pipelinePaths',
  'ready',
  'running',
  'runs.filtered',
] as const;

export type ContextKey = (typeof CONTEXT_KEYS)[number];

export const TRUSTED = 'isWorkspaceTrusted';

/** A key that the extension sets. */
export function key(name: ContextKey): string {
  return `modelyard.${name}`;
}

export function not(condition: string): string {
  return `!${condition}`;
}

export function all(...conditions: readonly string[]): string {
  return conditions.join(' && ');
}

export function any(...conditions: readonly string[]): string {
  return conditions.join(' || ');
}

/** A pipeline is open in the editor, or chosen in the explorer. */
export const ON_PIPELINE = `resourcePath in ${key('pipelinePaths')}`;
