/** How much params and a metric go together in the runs that there are, as a table with bars. */
import { plural } from '../../../server/base/format.js';
import { h, s } from '../parts/dom.js';
import type { ChartHost, DrawnRuns } from './drawn-runs.js';
import { association, type Association } from './run-values.js';

const BAR = 120;
const BAR_HEIGHT = 12;

function bar({ value, kind }: Association): SVGElement {
  const length = Math.abs(value) * BAR;
  const rect = {
    class: value < 0 ? 'less' : kind === 'eta' ? 'apart' : 'more',
    x: 0,
    y: 1,
    width: length.toFixed(1),
  };
  return s(
    'svg',
    { class: 'association', width: BAR, height: BAR_HEIGHT, 'aria-hidden': 'true' },
    s('rect', { ...rect, height: BAR_HEIGHT - 2 }),
  );
}

/** @param params columns; those that do not vary are left out */
export function importance(
  runs: DrawnRuns,
  params: readonly string[],
  target: string,
  host: ChartHost,
): HTMLElement {
  const metric = runs.values(target);
  const found = params.flatMap((param) => {
    const how = association(runs.values(param), metric);
    return how === undefined ? [] : [{ param, how }];
  });
  found.sort((a, b) => Math.abs(b.how.value) - Math.abs(a.how.value));
  const { title } = host.words(target);
  if (found.length === 0)
    return h(
      'p',
      { class: 'dim' },
      `Nothing to tell: no param differs among three runs or more that have ${title}.`,
    );
  const most = found.reduce((sum, { how }) => Math.max(sum, how.runs), 0);
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, `Params and ${title}`),
    h(
      'table',
      { class: 'associations' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Param'),
          h('th', { scope: 'col' }, 'Rank correlation'),
          h('th', { scope: 'col', class: 'numeric' }, 'Runs'),
        ),
      ),
      h(
        'tbody',
        {},
        ...found.map(({ param, how }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, host.words(param).title),
            h(
              'td',
              {},
              h('span', { class: 'bar-value' }, bar(how)),
              how.kind === 'eta' ? `η ${how.value.toFixed(2)}` : how.value.toFixed(2).replace('-', '−'),
            ),
            h('td', { class: 'numeric' }, String(how.runs)),
          ),
        ),
      ),
    ),
    h(
      'p',
      { class: 'dim' },
      `Spearman’s correlation of ranks, from −1 to 1: whether ${title} grows as the param does. η, from 0 to 1, is for params that are texts: how much of the spread of ranks is between them.`,
    ),
    h(
      'p',
      { class: 'dim' },
      `It says what went together in ${plural(most, 'run')}, not what caused it: params that were changed together share it, and what grows and falls again hardly shows.${most < 10 ? ' So few runs say little.' : ''}`,
    ),
  );
}
