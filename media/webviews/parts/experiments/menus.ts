/** What is done with runs, and with columns, of the *Experiments* tab. */
import type { ExperimentAction } from '../../shared/messages/experiment.js';
import type { ColumnCatalogue } from '../../shared/experiments/column-catalogue.js';
import { withPart, type Part } from '../../shared/experiments/cells.js';
import type { LoadedRow } from '../../shared/experiments/rows.js';
import { isActive } from '../../shared/status.js';
import {
  hidden,
  nudged,
  pinned,
  resized,
  sortedBy,
  swapped,
  type TableLayout,
} from '../../shared/experiments/table-layout.js';
import type { MenuItem } from '../menu.js';

interface RunActs {
  readonly canRun: boolean;
  readonly act: (action: ExperimentAction, ids: readonly string[]) => void;
  readonly makeBaseline: (id: string) => void;
}

/** @param row the only run, where it is loaded */
export function runMenu(
  ids: readonly string[],
  row: LoadedRow | undefined,
  { canRun, act, makeBaseline }: RunActs,
): readonly MenuItem[] {
  const isOne = ids.length === 1;
  const mayStart = canRun && isOne && row?.isTracked !== true;
  const hasEnded = row === undefined || !isActive(row.status);
  const [first = ''] = ids;
  const item = (
    label: string,
    icon: string,
    action: ExperimentAction,
    isUsable: boolean,
    apart = false,
  ): MenuItem => ({
    label,
    icon,
    disabled: !isUsable || ids.length === 0,
    apart,
    act: () => act(action, ids),
  });
  return [
    item('Open Run', 'pulse', 'showRun', isOne),
    item(`Compare ${isOne ? '' : `${ids.length} `}Runs`, 'diff', 'compareRuns', ids.length > 1),
    { label: 'Make Baseline', icon: 'pinned', disabled: !isOne, act: () => makeBaseline(first) },
    item('Star or Unstar', 'star-empty', 'starRun', canRun, true),
    item('Edit Tags…', 'tag', 'tagRun', canRun),
    item('Edit Note…', 'note', 'noteRun', canRun),
    item('Archive or Put Back', 'archive', 'archiveRun', canRun),
    item('Run Again', 'debug-rerun', 'rerun', mayStart, true),
    item('Run Again with Other Params…', 'run-all', 'rerunWithParams', mayStart),
    item('Register Model…', 'symbol-class', 'registerRun', canRun && isOne && hasEnded),
    item('Copy Run ID', 'copy', 'copyRunId', isOne, true),
    item('Delete…', 'trash', 'deleteRun', canRun && hasEnded),
  ];
}

const PARTS: readonly (readonly [Part, string])[] = [
  ['last', 'Show Last'],
  ['best', 'Show Best'],
  ['min', 'Show Least'],
  ['max', 'Show Greatest'],
];

/** @param arrange `isOrder`: the rows come in another order */
export function columnMenu(
  layout: TableLayout,
  id: string,
  catalogue: ColumnCatalogue,
  arrange: (next: TableLayout, isOrder?: boolean) => void,
): readonly MenuItem[] {
  const own = layout.columns.find((column) => column.id === id);
  if (own === undefined) return [];
  const { base, part } = catalogue.split(id);
  const sort = (descending: boolean) => () =>
    arrange({ ...layout, sort: [{ column: id, descending }] }, true);
  const shown = catalogue.metric(id) === undefined ? [] : PARTS.filter(([one]) => one !== part);
  return [
    { label: 'Sort Ascending', icon: 'arrow-up', act: sort(false) },
    { label: 'Sort Descending', icon: 'arrow-down', act: sort(true) },
    {
      label: 'Sort by This, Too',
      icon: 'list-ordered',
      act: () => arrange(sortedBy(layout, id, true, catalogue.first(id)), true),
    },
    {
      label: own.pinned ? 'Unpin' : 'Pin',
      icon: own.pinned ? 'pinned' : 'pin',
      apart: true,
      act: () => arrange(pinned(layout, id, !own.pinned)),
    },
    { label: 'Move Left', icon: 'arrow-left', act: () => arrange(nudged(layout, id, -1)) },
    { label: 'Move Right', icon: 'arrow-right', act: () => arrange(nudged(layout, id, 1)) },
    { label: 'Wider', icon: 'add', act: () => arrange(resized(layout, id, own.width + 40)) },
    { label: 'Narrower', icon: 'remove', act: () => arrange(resized(layout, id, own.width - 40)) },
    ...shown.map(([one, label], nth) => ({
      label,
      icon: 'graph-line',
      apart: nth === 0,
      act: () => arrange(swapped(layout, id, withPart(base, one))),
    })),
    { label: 'Hide', icon: 'eye-closed', apart: true, act: () => arrange(hidden(layout, id)) },
  ];
}
