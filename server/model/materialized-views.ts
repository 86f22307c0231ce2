/** Which views a `materialize` task computes. */
import type { Json, OtherAction } from './definition.js';

/** Names of views; `undefined` stands for one that is named by an expression. */
export function materializedViews({ config }: OtherAction): (string | undefined)[] {
  const given = isMap(config) ? (config['views'] ?? null) : config;
  const list: readonly Json[] = Array.isArray(given) ? (given as readonly Json[]) : [given];
  return list.flatMap((view) =>
    typeof view === 'string' && view !== '' ? [view.includes('${{') ? undefined : view] : [],
  );
}

function isMap(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
