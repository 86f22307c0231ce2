/** The buttons above the table of experiments. */
import { plain, plural } from '../../../../server/base/format.js';
import type { ColumnCatalogue } from '../../shared/experiments/column-catalogue.js';
import { OWN_IDS } from '../../shared/experiments/cells.js';
import { TIMES, type Narrowing } from '../../shared/experiments/narrowing.js';
import { RUN_STATUSES, look } from '../../shared/status.js';
import type { Against, TableLayout } from '../../shared/experiments/table-layout.js';
import type { ColumnChoice } from './column-chooser.js';
import { h, icon } from '../dom.js';
import { openMenu, type MenuItem } from '../menu.js';
import { on } from '../patch.js';

const MOST_PIPELINES = 300;

/** A button that opens a menu. */
export function menuButton(
  key: string,
  codicon: string,
  label: string,
  itemsOf: () => readonly MenuItem[],
): HTMLElement {
  const element = h(
    'button',
    { type: 'button', class: 'secondary', 'data-key': key, 'aria-haspopup': 'menu' },
    icon(codicon),
    label,
    icon('chevron-down'),
  );
  on(element, 'click', (_, live) => openMenu(live, label, itemsOf, live));
  return element;
}

/** @param now what the table is narrowed to, also while a menu is open */
export function narrowButtons(
  now: () => Narrowing,
  catalogue: ColumnCatalogue,
  narrow: (change: Partial<Narrowing>) => void,
): readonly HTMLElement[] {
  const { pipeline, statuses, within, archived } = now();
  const status = statuses.length === 0 ? 'Any Status' : statuses.map((one) => look(one).word).join(', ');
  const pipelines = [undefined, ...catalogue.pipelines.slice(0, MOST_PIPELINES)];
  return [
    menuButton('pipeline', 'type-hierarchy-sub', plain(pipeline ?? 'All Pipelines', 40), () =>
      pipelines.map((name) => ({
        label: plain(name ?? 'All Pipelines', 80),
        checked: now().pipeline === name,
        act: () => narrow({ pipeline: name }),
      })),
    ),
    menuButton('status', 'circle-large-outline', plain(status, 40), () => [
      ...RUN_STATUSES.map((one) => {
        const rest = now().statuses.filter((other) => other !== one);
        const checked = rest.length < now().statuses.length;
        return {
          label: look(one).word,
          checked,
          act: () => narrow({ statuses: checked ? rest : [...rest, one] }),
        };
      }),
      {
        label: 'Archived Runs, Too',
        apart: true,
        checked: now().archived,
        act: () => narrow({ archived: !now().archived }),
      },
    ]),
    menuButton('time', 'calendar', TIMES.find(([, hours]) => hours === within)?.[0] ?? 'Any Time', () =>
      TIMES.map(([label, hours]) => ({
        label,
        checked: now().within === hours,
        act: () => narrow({ within: hours }),
      })),
    ),
    ...(archived ? [h('span', { class: 'badge' }, 'with archived')] : []),
  ];
}

const AGAINST: readonly (readonly [Against, string])[] = [
  ['none', 'Nothing'],
  ['above', 'What Differs from the Row Above'],
  ['baseline', 'What Differs from the Baseline'],
];

/** @param hasBaseline somebody has chosen one */
export function markButton(
  now: () => TableLayout,
  hasBaseline: boolean,
  arrange: (next: TableLayout) => void,
): HTMLElement {
  return menuButton('against', 'symbol-color', 'Mark', () =>
    AGAINST.map(([against, label]) => ({
      label,
      checked: now().against === against,
      disabled: against === 'baseline' && !hasBaseline,
      act: () => arrange({ ...now(), against }),
    })),
  );
}

const GROUPS = { metric: 'Metrics', param: 'Params', tag: 'Tags' } as const;

/** What there is to choose from; what is shown and no run has any more can be unticked all the same. */
export function columnChoices(catalogue: ColumnCatalogue, shown: readonly string[]): readonly ColumnChoice[] {
  const others = shown.filter((id) => !catalogue.has(id) && !OWN_IDS.includes(id));
  const kinds = ['metric', 'param', 'tag'] as const;
  return [
    ...others.map((id) => ({ id, group: 'Shown', title: catalogue.words(id).full, detail: '' })),
    ...kinds.flatMap((kind) =>
      catalogue.all
        .filter((column) => column.kind === kind)
        .map(({ id, name, runs }) => ({
          id,
          group: GROUPS[kind],
          title: plain(name, 80),
          detail: plural(runs, 'run'),
        })),
    ),
    ...OWN_IDS.map((id) => ({ id, group: 'Runs', title: catalogue.words(id).title, detail: '' })),
  ];
}
