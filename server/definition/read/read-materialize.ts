/** The settings of a `materialize` task. */
import type { MaterializeAction } from '../definition.js';
import { booleanOf, field, given, mapOf, templateOf, templatesOf } from './read.js';
import type { Maybe } from './read.js';

/** A view, a list of them, or a map with `views`. */
export function readMaterialize(node: Maybe): MaterializeAction {
  const long = mapOf(node);
  return {
    kind: 'materialize',
    views: templatesOf(long === undefined ? node : field(long, 'views')),
    ...given('from', templateOf(field(long, 'from'))),
    ...given('to', templateOf(field(long, 'to'))),
    full: booleanOf(field(long, 'full')) ?? false,
  };
}
