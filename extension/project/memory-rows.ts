/** Words for a memory that this machine has not made. */
import { plain } from '../../server/base/format.js';
import type { ForeignMemory } from '../../server/protocol/index.js';
import { escapeMarkdown, type ItemText, unlinked } from '../parts/item-text.js';

/** The name of the project's folder. */
function folderOf({ projectUri }: ForeignMemory): string {
  const last = projectUri.split('/').findLast((part) => part !== '') ?? '';
  try {
    return plain(decodeURIComponent(last), 60);
  } catch {
    return plain(last, 60);
  }
}

function listOf(words: readonly string[]): string {
  const last = words.at(-1) ?? 'files';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** The row on top of the runs. */
export function memoryItem(memory: ForeignMemory): ItemText {
  const where = folderOf(memory);
  const description = memory.canTrust ? 'not made on this machine' : 'not a folder';
  return {
    id: `memory:${memory.id}`,
    label: `.modelyard of ${where}`,
    description,
    icon: 'shield',
    color: 'list.warningForeground',
    tooltip: escapeMarkdown(memory.message),
    context: memory.canTrust ? 'memory' : 'memory.link',
    spoken: `The memory of ${where}, ${description}. Nothing of it is used.`,
    children: 'none',
    command: { id: 'modelyard.explainMemory', title: 'What Is This?' },
  };
}

/** The notification, of one or of several. */
export function memoryNotice(memories: readonly ForeignMemory[]): string {
  const [only] = memories;
  const whose =
    only === undefined || memories.length > 1
      ? `The .modelyard folders of ${listOf(memories.map(folderOf))} were`
      : `The .modelyard of ${folderOf(only)} was`;
  return unlinked(
    `${whose} not made on this machine. It can be looked at; nothing of it is used before you trust it.`,
    500,
  );
}

/** What a person is told who asks, and before they say yes. */
export function memoryDetail(memory: ForeignMemory, mayTrust: boolean): string {
  if (!memory.canTrust) return plain(memory.message, 1_000);
  return [
    `${folderOf(memory)}/.modelyard holds ${listOf(memory.holds)}. It came with a clone, an archive or a copy of the folder, or git tracks it.`,
    'You can look at all of it. Until you trust it, nothing in it is run, restored, deleted or connected to, and no pipeline runs in this project.',
    'Trust it if it is your own copy, or if you trust whoever made it: cached outputs are then restored into the project as if your tasks had made them. To begin anew, remove the folder.',
    ...(mayTrust ? [] : ['In Restricted Mode it can’t be trusted: trust the workspace first.']),
  ].join('\n\n');
}

export function memoryTitle(memory: ForeignMemory): string {
  return memory.canTrust
    ? `The memory of ${folderOf(memory)} was not made on this machine`
    : `The memory of ${folderOf(memory)} is not followed`;
}
