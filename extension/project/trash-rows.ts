/** Texts of what runs have set aside. */
import { ago, bytes, plain, plural } from '../../server/base/format.js';
import type { TrashEntry } from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, unlinked, type ItemText } from '../parts/item-text.js';

const REASONS: Readonly<Record<TrashEntry['reason'], string>> = {
  found: 'made by no known run',
  'half-made': 'half made',
  before: 'earlier output',
};

export function trashIcon({ mime }: TrashEntry): string {
  return mime === 'inode/directory' ? 'folder' : 'file';
}

/** Beside its path. */
export function trashWords(entry: TrashEntry): string {
  return dots(REASONS[entry.reason], entry.bytes === undefined ? undefined : bytes(entry.bytes));
}

/** In the order of the first of each. */
export function groupedBy(
  entries: readonly TrashEntry[],
  key: (entry: TrashEntry) => string,
): ReadonlyMap<string, readonly [TrashEntry, ...TrashEntry[]]> {
  const groups = new Map<string, [TrashEntry, ...TrashEntry[]]>();
  for (const entry of entries) {
    const group = groups.get(key(entry));
    if (group === undefined) groups.set(key(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}

/** What one run has set aside, under this heading. */
export function trashGroup({ pipeline, run, at }: TrashEntry, now: number): string {
  return dots(plain(pipeline ?? run), ago(at, now));
}

/** The row of a run above what it has set aside. */
export function trashItem(parent: string, entries: readonly TrashEntry[]): ItemText {
  const found = entries.filter(({ reason }) => reason === 'found').length;
  const why = [
    found === 0 ? '' : `${plural(found, 'item')} made by no known run`,
    found === entries.length ? '' : `${plural(entries.length - found, 'item')} half made`,
  ].filter((part) => part !== '');
  return {
    id: `${parent}/trash`,
    label: 'Set aside',
    description: why.join(', '),
    icon: 'archive',
    tooltip:
      'What was at the paths of outputs and Modelyard did not make, or what a task left half made. Nothing is lost: it is kept in the trash.',
    context: 'trash',
    spoken: commas('Set aside', ...why),
    children: 'collapsed',
  };
}

export function trashEntryItem(parent: string, entry: TrashEntry): ItemText {
  const words = trashWords(entry);
  return {
    id: `${parent}/trash/${entry.id}`,
    label: plain(entry.path),
    description: words,
    icon: trashIcon(entry),
    tooltip: [
      `**${escapeMarkdown(entry.path)}** · ${escapeMarkdown(words)}`,
      `Set aside for the task ${escapeMarkdown(entry.task)}`,
      entry.free ? '' : '$(info) Something else is there now: restore it to another place.',
    ]
      .filter((line) => line !== '')
      .join('\n\n'),
    context: 'trashEntry',
    spoken: commas(plain(entry.path), words),
    children: 'none',
    command: { id: 'modelyard.openTrashed', title: 'Open' },
  };
}

/** After a run that found files which no run is known to have made. `undefined` when it found none. */
export function trashNotice(pipeline: string, entries: readonly TrashEntry[]): string | undefined {
  const found = entries.filter(({ reason }) => reason === 'found');
  const [first] = found;
  if (first === undefined) return undefined;
  const what = found.length === 1 ? unlinked(first.path) : plural(found.length, 'item');
  return `${unlinked(pipeline)} set aside ${what}${found.length === 1 ? ', which' : ' that'} no known run had made.`;
}
