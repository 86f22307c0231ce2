/** Which views a `materialize` task computes. */
import type { MaterializeAction } from './definition.js';

/** Names of views; `undefined` stands for one that is named by an expression. */
export function materializedViews({ views }: MaterializeAction): (string | undefined)[] {
  return views.flatMap(({ text, template }) =>
    template !== undefined ? [undefined] : text === '' ? [] : [text],
  );
}
